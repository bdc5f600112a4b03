import { useCallback, useEffect, useState } from "react";
import { type Draft, EMPTY, filled, read, written } from "./draft";

function keyOf(name: string): string {
  return `skyburst.search ${name}`;
}

/** Forget what is kept of a draft that no page shows. */
export function forgetDraft(name: string): void {
  sessionStorage.removeItem(keyOf(name));
}

/**
 * A draft that survives a reload of this tab.
 *
 * Args: `name` tells drafts from each other.
 */
export function useDraft(name: string) {
  const key = keyOf(name);
  const [draft, setDraft] = useState<Draft>(() => read(sessionStorage.getItem(key)) ?? EMPTY);
  const [kept, setKept] = useState(true);
  useEffect(() => {
    try {
      sessionStorage.setItem(key, written(draft));
      setKept(true);
    } catch {
      setKept(false); // the browser has no room for it: the page says so
    }
  }, [key, draft]);
  const change = useCallback((changes: Partial<Draft>) => setDraft((now) => ({ ...now, ...changes })), []);
  const fill = useCallback((brought: Partial<Draft>) => setDraft((now) => filled(now, brought)), []);
  return { draft, change, fill, kept };
}
