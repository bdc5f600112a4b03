import { Button, Group, Modal, Text } from "@mantine/core";
import { type ReactNode, useEffect, useSyncExternalStore } from "react";
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

/** Whether files are on their way on the page that is shown. */
export function useBusy(): boolean {
  return useSyncExternalStore(listen, () => busyParts.size > 0);
}

/** Asks before another page is gone to while files are on their way. */
export function LeavingQuestion() {
  // Not there all the time: a router with a blocker warns of each link within a page.
  return useBusy() ? <Question /> : null;
}

function Question() {
  const blocker = useBlocker(asks);
  return (
    <AskedFirst
      opened={blocker.state === "blocked"}
      title="Leave while files are uploaded?"
      leave="Leave"
      onStay={() => blocker.reset?.()}
      onLeave={() => blocker.proceed?.()}
    >
      What is not uploaded yet stops when you leave this page. The same file, chosen again, goes on where it was.
    </AskedFirst>
  );
}

interface Asked {
  opened: boolean;
  title: string;
  /** What is done by who does not stay. */
  leave: string;
  onStay: () => void;
  onLeave: () => void;
  children: ReactNode;
}

/** A question before what ends uploads that are on their way. */
export function AskedFirst({ opened, title, leave, onStay, onLeave, children }: Asked) {
  return (
    <Modal opened={opened} onClose={onStay} title={title}>
      <Text size="sm">{children}</Text>
      <Group justify="flex-end" mt="md">
        <Button variant="default" data-autofocus onClick={onStay}>
          Stay
        </Button>
        <Button color="red" variant="light" onClick={onLeave}>
          {leave}
        </Button>
      </Group>
    </Modal>
  );
}
