import { useSyncExternalStore } from "react";

// A server on one's own machine lets in who has the token of its start. After another start it lets this page in no more, until
// somebody opens the address that it printed, in whichever tab.

let shutOut = false;
const listeners = new Set<() => void>();

/** Whether the server, when it was last asked, did not let this page in. */
export function isShutOut(): boolean {
  return shutOut;
}

export function setShutOut(next: boolean): void {
  if (next === shutOut) return;
  shutOut = next;
  for (const tell of listeners) tell();
}

/** Hear of it, until the returned function is called. */
export function onEntry(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useShutOut(): boolean {
  return useSyncExternalStore(onEntry, isShutOut);
}
