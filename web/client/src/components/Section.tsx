import { Paper, Title } from "@mantine/core";
import { type ReactNode, useId } from "react";
import classes from "./Section.module.css";

interface SectionProps {
  title: string;
  /** What follows the title in its line. */
  beside?: ReactNode;
  /** What is at the end of that line. */
  aside?: ReactNode;
  children: ReactNode;
}

/** A part of the page, with its heading. */
export function Section({ title, beside, aside, children }: SectionProps) {
  const id = useId();
  return (
    <Paper component="section" withBorder p="md" radius="md" aria-labelledby={id} className={classes.section ?? ""}>
      <div className={classes.head}>
        <Title order={2} size="h4" id={id}>
          {title}
        </Title>
        <div className={classes.beside}>{beside}</div>
        {aside}
      </div>
      {children}
    </Paper>
  );
}
