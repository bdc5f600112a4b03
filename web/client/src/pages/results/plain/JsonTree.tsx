import { Button } from "@mantine/core";
import { useState } from "react";
import { count, counted } from "../../../format";
import { isRecord } from "../match";
import classes from "./JsonTree.module.css";

const STEP = 100;
const OPEN_LEVELS = 2;

/** Any JSON value, parts of which are opened and closed. */
export function JsonTree({ value }: { value: unknown }) {
  return (
    <div className={classes.tree}>
      <Node name={null} value={value} level={0} />
    </div>
  );
}

function Node({ name, value, level }: { name: string | null; value: unknown; level: number }) {
  const list = Array.isArray(value);
  const [open, setOpen] = useState(level < OPEN_LEVELS);
  const [most, setMost] = useState(STEP);
  if (!list && !isRecord(value)) {
    return (
      <div className={classes.leaf}>
        {name !== null && <span className={classes.name}>{name}: </span>}
        <span className={classes[typeof value]}>{JSON.stringify(value)}</span>
      </div>
    );
  }
  const parts: [string, unknown][] = list ? value.map((part, at) => [String(at), part]) : Object.entries(value);
  const size = list ? counted(parts.length, "entry", "entries") : counted(parts.length, "field");
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)} className={classes.node}>
      <summary>
        {name !== null && <span className={classes.name}>{name} </span>}
        <span className={classes.size}>
          {list ? "list" : "object"}, {size}
        </span>
      </summary>
      {open && (
        <div className={classes.parts}>
          {parts.slice(0, most).map(([key, part]) => (
            <Node key={key} name={key} value={part} level={level + 1} />
          ))}
          {parts.length > most && (
            <Button size="compact-xs" variant="subtle" onClick={() => setMost(most + STEP)}>
              {count(parts.length - most)} more
            </Button>
          )}
        </div>
      )}
    </details>
  );
}
