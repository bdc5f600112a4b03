import { Card, Code, CopyButton, Table, Text, Title, Tooltip, UnstyledButton } from "@mantine/core";
import type { ReactNode } from "react";

export function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Card withBorder padding="md" component="section" aria-label={title}>
      <Title order={2} size="h4" mb="xs">
        {title}
      </Title>
      {children}
    </Card>
  );
}

interface FactsProps {
  of: [string, ReactNode][];
  /** Of the names, in pixels. */
  width?: number;
}

/** Names and what they are; what is null is left out. */
export function Facts({ of, width = 130 }: FactsProps) {
  return (
    <Table verticalSpacing={4} horizontalSpacing={0} fz="sm" layout="fixed">
      <Table.Tbody>
        {of
          .filter(([, value]) => value !== null)
          .map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th
                fw={400}
                c="dimmed"
                w={width}
                pr="xs"
                scope="row"
                style={{ verticalAlign: "top", overflowWrap: "anywhere" }}
              >
                {name}
              </Table.Th>
              <Table.Td style={{ overflowWrap: "anywhere" }}>{value}</Table.Td>
            </Table.Tr>
          ))}
      </Table.Tbody>
    </Table>
  );
}

/** A digest: its begin, and all of it when it is asked for or copied. */
export function Digest({ of }: { of: string | null | undefined }) {
  if (!of) return <Text size="sm">none</Text>;
  return (
    <CopyButton value={of}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? "Copied" : of} maw="90vw" style={{ overflowWrap: "anywhere" }} multiline>
          <UnstyledButton onClick={copy} aria-label={`${of.slice(0, 12)}… of ${of.length} characters: copy it`}>
            <Code>{of.slice(0, 12)}…</Code>
          </UnstyledButton>
        </Tooltip>
      )}
    </CopyButton>
  );
}
