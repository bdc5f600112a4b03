import { Anchor, Text } from "@mantine/core";
import { useEffect, useMemo } from "react";
import type { Format } from "../../../api/analysisQueries";
import CodeEditor, { type Trouble } from "./CodeEditor";
import { type ConfigState, textOf, typed } from "./state";
import { read, write } from "./text";

interface TextConfigProps {
  schema: Record<string, unknown> | null;
  state: ConfigState;
  format: Format;
  onChange: (state: ConfigState) => void;
  /** Of the text as it is shown. */
  problems: readonly Trouble[];
}

/** A configuration as a text. Loaded when somebody wants one: its editor and the reader of YAML are large. */
export default function TextConfig({ schema, state, format, onChange, problems }: TextConfigProps) {
  const text = useMemo(() => textOf(state, format, schema, write), [state, format, schema]);
  const kept = state.texts[format]?.text;
  useEffect(() => {
    // From now on it is the text that is checked, so that problems have lines.
    if (kept !== text) onChange({ ...state, texts: { ...state.texts, [format]: { text, values: state.values } } });
  }, [kept, text, state, format, onChange]);
  const edit = (next: string) => {
    if (next !== text) onChange(typed(state, format, next, schema, read(format, next)));
  };
  return (
    <>
      <CodeEditor
        value={text}
        onChange={edit}
        format={format}
        problems={problems}
        label={`Configuration in ${format.toUpperCase()}`}
      />
      <Text size="xs" c="dimmed" mt={4}>
        Ctrl+F searches. What is left out has its default.{" "}
        <Anchor
          size="xs"
          underline="always"
          href={`data:text/plain;charset=utf-8,${encodeURIComponent(text)}`}
          download={`config.${format}`}
        >
          Download this text
        </Anchor>
      </Text>
    </>
  );
}
