import { Alert, Badge, Button, Center, Loader, type MantineColor, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconRefresh } from "@tabler/icons-react";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { JobState } from "../api/client";
import { isLasting, Problem } from "../api/problem";

/** What went wrong, in the words of the server. */
export function ProblemAlert({ error, title, retry }: { error: unknown; title?: string; retry?: () => void }) {
  const detail = error instanceof Error ? error.message : String(error);
  const field = error instanceof Problem ? error.field : null;
  return (
    <Alert color="red" role="alert" icon={<IconAlertTriangle aria-hidden />} title={title ?? "That did not work"}>
      <Stack gap="xs" align="flex-start">
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>
          {detail}
          {field !== null && !detail.includes(field) && ` (${field})`}
        </Text>
        {retry !== undefined && (
          <Button
            size="compact-sm"
            variant="light"
            color="red"
            leftSection={<IconRefresh size={14} aria-hidden />}
            onClick={retry}
          >
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

/** What a query has found; until then that it is being looked for, or why it cannot be. Old data stays while it fails. */
export function Found<T>({ query, children }: { query: UseQueryResult<T>; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return children(query.data);
  if (isLasting(query.error)) return <ProblemAlert error={query.error} />;
  if (query.error !== null) return <ProblemAlert error={query.error} retry={() => void query.refetch()} />;
  return (
    <Center p="xl">
      <Loader aria-label="Loading" />
    </Center>
  );
}

const COLORS: Record<JobState, MantineColor> = {
  PENDING: "gray",
  RUNNING: "blue",
  COMBINING: "blue",
  SUCCEEDED: "green",
  PARTIAL: "yellow",
  FAILED: "red",
  TIMED_OUT: "red",
  CANCELLED: "gray",
};
/** States as people read them. */
export const WORDS: Record<JobState, string> = {
  PENDING: "waiting",
  RUNNING: "running",
  COMBINING: "combining",
  SUCCEEDED: "succeeded",
  PARTIAL: "partial",
  FAILED: "failed",
  TIMED_OUT: "timed out",
  CANCELLED: "cancelled",
};

export function StateBadge({ state, interrupted = false }: { state: JobState; interrupted?: boolean }) {
  return (
    <Badge color={interrupted ? "orange" : COLORS[state]} variant="light" miw="max-content" style={{ flexShrink: 0 }}>
      {interrupted ? "interrupted" : WORDS[state]}
    </Badge>
  );
}

/** Nothing to show, and what to do about it. */
export function Nothing({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <Center p="xl">
      <Stack align="center" gap="xs" maw={480}>
        <Text fw={600}>{title}</Text>
        {children}
      </Stack>
    </Center>
  );
}
