import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { queries } from "../api/queries";
import { needsToken } from "../api/token";

let leave: () => Promise<void> = async () => {};

export function setSignOut(action: () => Promise<void>): void {
  leave = action;
}

/** Who one is, and the way out; nothing on one's own machine. */
export function SignOut() {
  const { data } = useQuery(queries.about);
  if (!needsToken()) return null;
  return (
    <Button variant="subtle" color="gray" size="compact-sm" title={data?.user ?? ""} onClick={() => void leave()}>
      Sign out
    </Button>
  );
}
