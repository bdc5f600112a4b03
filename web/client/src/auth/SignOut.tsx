import { Anchor, Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { queries } from "../api/queries";
import { needsToken } from "../api/token";
import { account } from "./account";

/** Who one is, and the way out; nothing on one's own machine. */
export function SignOut() {
  const { data } = useQuery(queries.about);
  if (!needsToken()) return null;
  return (
    <>
      <Anchor component={Link} to="/profile" size="sm" maw={140} truncate title="Your profile">
        {data?.user ?? "Profile"}
      </Anchor>
      <Button variant="subtle" color="gray" size="compact-sm" onClick={() => void account()?.signOut()}>
        Sign out
      </Button>
    </>
  );
}
