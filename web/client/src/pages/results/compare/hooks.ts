import { useDebouncedCallback } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";
import { type Region, WHOLE } from "./region";
import type { Comparison } from "./state";

const REGION_MS = 400;

/** What all panes show. The address has it when the hand has come to rest. */
export function useRegion(comparison: Comparison, change: (next: Comparison) => void) {
  const [region, setRegion] = useState<Region>(comparison.region ?? WHOLE);
  const tell = useDebouncedCallback((next: Region) => {
    change({ ...comparison, region: next.zoom > 1 ? next : null });
  }, REGION_MS);
  const told = useRef(region);
  useEffect(() => {
    if (told.current === region) return;
    told.current = region;
    tell(region);
  }, [region, tell]);
  return [region, setRegion] as const;
}

/** Hears keys wherever the focus is. */
export function useKeys(pressed: (event: KeyboardEvent) => void): void {
  const latest = useRef(pressed);
  useEffect(() => {
    latest.current = pressed;
  });
  useEffect(() => {
    const hear = (event: KeyboardEvent) => latest.current(event);
    window.addEventListener("keydown", hear);
    return () => window.removeEventListener("keydown", hear);
  }, []);
}
