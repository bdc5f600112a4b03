import { Anchor, Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { queries } from "../api/queries";
import { needsToken } from "../api/token";
import { AskedFirst, useBusy } from "../components/Leaving";
import { account } from "./account";

/** Who one is, and the way out; nothing on one's own machine. */
export function SignOut() {
  const { data } = useQuery(queries.about);
  const [asked, setAsked] = useState(false);
  const busy = useBusy();
  const leave = () => void account()?.signOut();
  if (!needsToken()) return null;
  return (
    <>
      <Anchor component={Link} to="/profile" size="sm" maw={140} truncate title="Your profile">
        {data?.user ?? "Profile"}
      </Anchor>
      <Button variant="subtle" color="gray" size="compact-sm" onClick={() => (busy ? setAsked(true) : leave())}>
        Sign out
      </Button>
      <AskedFirst
        opened={asked}
        title="Sign out while files are uploaded?"
        leave="Sign out all the same"
        onStay={() => setAsked(false)}
        onLeave={leave}
      >
        What is not uploaded yet stops when you sign out.
      </AskedFirst>
    </>
  );
}
