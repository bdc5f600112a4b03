import { ActionIcon, Tooltip } from "@mantine/core";
import { IconHelp } from "@tabler/icons-react";
import { Link } from "react-router";

/** Leads to a topic of the help. */
export function HelpLink({ topic, label }: { topic: string; label: string }) {
  return (
    <Tooltip label={label}>
      <ActionIcon component={Link} to={`/help#${topic}`} variant="subtle" color="gray" aria-label={label}>
        <IconHelp size={18} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
