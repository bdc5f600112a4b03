import { Group, Title } from "@mantine/core";
import { type ReactNode, useEffect, useRef } from "react";

interface PageTitleProps {
  /** What the page and screen readers say. */
  title: string;
  /** What the tab says before it, so that it is seen from other tabs; nothing when it is left out. */
  before?: string;
  /** What is beside it. */
  children?: ReactNode;
}

/** The one heading of a page. It takes the focus when the page is come to, so that screen readers say where one is. */
export function PageTitle({ title, before, children }: PageTitleProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${before === undefined ? "" : `${before} · `}${title} · Skyburst`;
  }, [title, before]);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <Group justify="space-between" mb="md" gap="sm">
      <Title order={1} size="h2" ref={heading} tabIndex={-1} style={{ outline: "none", overflowWrap: "anywhere" }}>
        {title}
      </Title>
      {children}
    </Group>
  );
}
