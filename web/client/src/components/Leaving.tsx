import { Button, Group, Modal, Text } from "@mantine/core";
import { useEffect, useSyncExternalStore } from "react";
import { type BlockerFunction, useBlocker } from "react-router";

// What is on its way on the page that is shown: a page has one question, however many parts of it are busy.
const busyParts = new Set<symbol>();
const listeners = new Set<() => void>();

function put(part: symbol, busy: boolean): void {
  if (busy) busyParts.add(part);
  else busyParts.delete(part);
  for (const tell of listeners) tell();
}

function listen(tell: () => void): () => void {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

/** Has the page ask before it is left while files are on their way: by the browser when its tab is closed, else by `LeavingQuestion`. */
export function useLeaving(busy: boolean): void {
  useEffect(() => {
    if (!busy) return undefined;
    const part = Symbol();
    put(part, true);
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => {
      put(part, false);
      window.removeEventListener("beforeunload", ask);
    };
  }, [busy]);
}

const asks: BlockerFunction = ({ currentLocation: from, nextLocation: to }) =>
  busyParts.size > 0 && (from.pathname !== to.pathname || from.search !== to.search);

/** Asks before another page is gone to while files are on their way. */
export function LeavingQuestion() {
  // Not there all the time: a router with a blocker warns of each link within a page.
  return useSyncExternalStore(listen, () => busyParts.size > 0) ? <Question /> : null;
}

function Question() {
  const blocker = useBlocker(asks);
  return (
    <Modal
      opened={blocker.state === "blocked"}
      onClose={() => blocker.reset?.()}
      title="Leave while files are uploaded?"
    >
      <Text size="sm">
        What is not uploaded yet stops when you leave this page. The same file, chosen again, goes on where it was.
      </Text>
      <Group justify="flex-end" mt="md">
        <Button variant="default" data-autofocus onClick={() => blocker.reset?.()}>
          Stay
        </Button>
        <Button color="red" variant="light" onClick={() => blocker.proceed?.()}>
          Leave
        </Button>
      </Group>
    </Modal>
  );
}
