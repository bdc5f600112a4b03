import { Alert, Button, FileButton, Group, Loader, SegmentedControl, Select, Stack, Text } from "@mantine/core";
import { IconDownload, IconFileImport } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import type { Format } from "../../../api/analysisQueries";
import type { Analysis } from "../../../api/client";
import { same } from "../../../components/json";
import { ParameterForm } from "../../../components/ParameterForm";
import { properties } from "../../../components/schema";
import { saveText } from "../files/download";
import { type ConfigState, differing, filled, givenUp, type Mode, textOf, typed, withoutDefault } from "./state";
import type { Checked } from "./useCheck";

const TextConfig = lazy(() => import("./TextConfig"));

interface ConfigurationProps {
  analysis: Analysis;
  state: ConfigState;
  onChange: (state: ConfigState) => void;
  checked: Checked;
}

/** The parameters of a job, in a form or as a text. */
export function Configuration({ analysis, state, onChange, checked }: ConfigurationProps) {
  const { parameters: schema } = analysis;
  const modes: { value: Mode; label: string }[] = [
    ...(schema === null ? [] : [{ value: "form" as const, label: "Form" }]),
    { value: "yaml", label: "YAML" },
    { value: "json", label: "JSON" },
  ];
  if (schema !== null && properties(schema).length === 0) {
    return <Text size="sm">This analysis has no parameters.</Text>;
  }
  const shut = state.broken !== null && state.broken !== state.mode;
  return (
    <Stack gap="sm">
      <Group justify="space-between" gap="sm">
        <SegmentedControl
          aria-label="Edit the configuration as"
          data={modes}
          value={state.mode}
          onChange={(mode) => onChange({ ...state, mode: mode as Mode })}
        />
        <Group gap="xs">
          <Presets analysis={analysis} state={state} onChange={onChange} disabled={state.broken !== null} />
          <FromFile schema={schema} state={state} onChange={onChange} />
          <ToFile analysis={analysis} state={state} />
        </Group>
      </Group>
      {shut && state.broken !== null && (
        <Broken
          format={state.broken}
          back={() => onChange({ ...state, mode: state.broken ?? state.mode })}
          giveUp={() => onChange(givenUp(state))}
        />
      )}
      {state.mode === "form" ? (
        <fieldset disabled={shut} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
          <ParameterForm
            schema={schema}
            value={state.values}
            onChange={(values) => onChange(filled(state, values))}
            problems={shut ? {} : Object.fromEntries(checked.problems.map((one) => [one.field, one.detail]))}
          />
          {!shut && <Elsewhere schema={schema} problems={checked.problems} />}
        </fieldset>
      ) : shut ? null : (
        <Suspense fallback={<Loader aria-label="Loading the editor" />}>
          <TextConfig
            schema={schema}
            state={state}
            format={state.mode}
            onChange={onChange}
            problems={checked.problems}
          />
          <TextTroubles problems={checked.problems} />
        </Suspense>
      )}
      <Verdict checked={checked} />
    </Stack>
  );
}

/** Says where the text is that cannot be read, while something else is looked at. */
function Broken({ format, back, giveUp }: { format: Format; back: () => void; giveUp: () => void }) {
  const name = format.toUpperCase();
  return (
    <Alert color="orange" title={`The ${name} text cannot be read`}>
      <Text size="sm" mb="xs">
        What you see here is what it said last. It can be edited here again when the text is right, or given up.
      </Text>
      <Group gap="xs">
        <Button size="compact-sm" onClick={back}>
          Back to the {name} text
        </Button>
        <Button size="compact-sm" variant="default" onClick={giveUp}>
          Give the text up
        </Button>
      </Group>
    </Alert>
  );
}

/** Problems that no field of the form shows. */
function Elsewhere({ schema, problems }: { schema: Analysis["parameters"]; problems: Checked["problems"] }) {
  const names = properties(schema).map(([name]) => `parameters.${name}`);
  const others = problems.filter(
    ({ field }) =>
      !names.some((name) => field === name || (/^[.[]/.test(field.slice(name.length)) && field.startsWith(name))),
  );
  return <TextTroubles problems={others} />;
}

function TextTroubles({ problems }: { problems: Checked["problems"] }) {
  return (
    <Stack gap={2} role="list" aria-label="Problems of the configuration" mt={problems.length > 0 ? "xs" : 0}>
      {problems.map(({ field, detail, line }) => (
        <Text key={`${line} ${field} ${detail}`} role="listitem" size="sm" c="var(--mantine-color-error)">
          {line !== null && <b>Line {line}: </b>}
          {detail}
        </Text>
      ))}
    </Stack>
  );
}

function Verdict({ checked }: { checked: Checked }) {
  const count = checked.problems.length;
  const said = checked.error
    ? `It could not be checked: ${checked.error.message}`
    : checked.checking
      ? "Checking…"
      : count === 0
        ? "The configuration is as the analysis wants it."
        : count === 1
          ? "One problem."
          : `${count} problems.`;
  return (
    <Text size="sm" c="dimmed" aria-live="polite">
      {said}
    </Text>
  );
}

interface EditProps {
  state: ConfigState;
  onChange: (state: ConfigState) => void;
}

function Presets({ analysis, state, onChange, disabled }: EditProps & { analysis: Analysis; disabled: boolean }) {
  if (analysis.presets.length === 0) return null;
  const { parameters: schema, presets } = analysis;
  // What has no default, such as a file, is nobody's preset: it stays.
  const bare = withoutDefault(schema, state.values);
  const valuesOf = (name: string) =>
    differing(schema, { ...bare, ...presets.find((one) => one.name === name)?.parameters });
  const now = ["", ...presets.map((one) => one.name)].find((name) => same(valuesOf(name), state.values));
  return (
    <Select
      aria-label="Preset"
      placeholder="Presets"
      w={200}
      disabled={disabled}
      data={[{ value: "", label: "Defaults" }, ...presets.map((one) => ({ value: one.name, label: one.title }))]}
      value={now ?? null}
      onChange={(name) => onChange(filled(state, valuesOf(name ?? "")))}
      renderOption={({ option }) => {
        const preset = presets.find((one) => one.name === option.value);
        return (
          <div>
            <Text size="sm">{option.label}</Text>
            {preset !== undefined && (
              <Text size="xs" c="dimmed">
                {preset.description}
              </Text>
            )}
          </div>
        );
      }}
      comboboxProps={{ width: 320, position: "bottom-end" }}
    />
  );
}

/** Keeps the configuration as a file that is read again later: in the format that is looked at, else as YAML. */
function ToFile({ analysis, state }: { analysis: Analysis; state: ConfigState }) {
  const keep = async () => {
    const format: Format = state.mode === "form" ? "yaml" : state.mode;
    const { write } = await import("./text");
    const type = format === "json" ? "application/json" : "application/yaml";
    saveText(`${analysis.name}.${format}`, textOf(state, format, analysis.parameters, write), type);
  };
  return (
    <Button
      variant="default"
      leftSection={<IconDownload size={16} aria-hidden />}
      disabled={state.broken !== null}
      onClick={() => void keep()}
    >
      To a file
    </Button>
  );
}

/** Reads a config file from this machine into the text. */
function FromFile({ schema, state, onChange }: EditProps & { schema: Analysis["parameters"] }) {
  const [failed, setFailed] = useState<string | null>(null);
  const open = async (file: File | null) => {
    if (file === null) return;
    if (file.size > 1 << 20) {
      setFailed(`${file.name} is larger than a megabyte, and no configuration`);
      return;
    }
    setFailed(null);
    const format: Format = file.name.toLowerCase().endsWith(".json") ? "json" : "yaml";
    const [text, { read }] = await Promise.all([file.text(), import("./text")]);
    onChange({ ...typed(state, format, text, schema, read(format, text)), mode: format });
  };
  return (
    <>
      <FileButton accept=".json,.yaml,.yml" onChange={(file) => void open(file)}>
        {(props) => (
          <Button {...props} variant="default" leftSection={<IconFileImport size={16} aria-hidden />}>
            From a file
          </Button>
        )}
      </FileButton>
      {failed !== null && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {failed}
        </Text>
      )}
    </>
  );
}
