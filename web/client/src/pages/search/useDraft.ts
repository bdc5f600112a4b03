import { useCallback, useEffect, useState } from "react";
import { type Draft, EMPTY, read, written } from "./draft";

/**
 * A draft that survives a reload of this tab.
 *
 * Args: `name` tells drafts from each other.
 */
export function useDraft(name: string) {
  const key = `skyburst.search ${name}`;
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
  return { draft, change, kept };
}
