import { ActionIcon, Group, JsonInput, Select, Stack, Switch, TextInput, Tooltip } from "@mantine/core";
import { IconArrowBackUp } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { NumberField, useTyping } from "./NumberField";
import { PathInput } from "./PathInput";
import { changed, type Property, properties, type Values } from "./schema";

export { type Property, properties, type Values };

interface ParameterFormProps {
  /** JSON Schema of the parameters, as the API has it. */
  schema: Record<string, unknown> | null;
  /** What differs from the defaults. */
  value: Values;
  onChange: (value: Values) => void;
  /** What is wrong, by path, such as `parameters.xy_shift`. */
  problems?: Record<string, string>;
  /** Names that are asked for elsewhere. */
  hide?: readonly string[];
}

/** A form made from the schema of an analysis' parameters. What is not changed is not in its value. */
export function ParameterForm({ schema, value, onChange, problems = {}, hide = [] }: ParameterFormProps) {
  const required = (schema?.required ?? []) as string[];
  return (
    <Stack gap="md">
      {properties(schema)
        .filter(([name]) => !hide.includes(name))
        .map(([name, property]) => (
          <Field
            key={name}
            name={name}
            property={property}
            required={required.includes(name)}
            value={value[name]}
            onChange={(next) => onChange(changed(schema, value, name, next))}
            error={problemWith(problems, name)}
          />
        ))}
    </Stack>
  );
}

/** The problem with a parameter or with something inside it. */
function problemWith(problems: Record<string, string>, name: string): string | undefined {
  const path = `parameters.${name}`;
  return Object.entries(problems).find(
    ([field]) => field === path || field.startsWith(`${path}.`) || field.startsWith(`${path}[`),
  )?.[1];
}

interface FieldProps {
  name: string;
  property: Property;
  required: boolean;
  value: unknown;
  onChange: (value: unknown) => void;
  error: string | undefined;
}

function Field({ name, property, required, value, onChange, error }: FieldProps) {
  const differs = value !== undefined && "default" in property;
  const common = {
    label: property.title ?? name,
    description: property.description,
    withAsterisk: required,
    error: error ?? null,
    inputWrapperOrder: ["label", "input", "description", "error"] as ("label" | "input" | "description" | "error")[],
  };
  // What is null is not at its default: its problem is below a field without a value.
  const shown = value === undefined ? (property.default ?? null) : value;
  return (
    <Group align="flex-start" gap="xs" wrap="nowrap">
      <div style={{ flex: "1 1 0", minWidth: 0 }}>{control(property, shown, onChange, common)}</div>
      <ResetButton name={String(common.label)} shown={differs} onClick={() => onChange(undefined)} />
    </Group>
  );
}

function ResetButton({ name, shown, onClick }: { name: string; shown: boolean; onClick: () => void }) {
  return (
    <Tooltip label="Back to the default">
      <ActionIcon
        variant="subtle"
        size={28}
        mt={28}
        aria-label={`Reset ${name} to its default`}
        onClick={onClick}
        style={{ visibility: shown ? "visible" : "hidden", flexShrink: 0 }}
      >
        <IconArrowBackUp size={16} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}

interface Common {
  label: ReactNode;
  description: ReactNode;
  withAsterisk: boolean;
  error: string | null;
  inputWrapperOrder: ("label" | "input" | "description" | "error")[];
}

function control(property: Property, shown: unknown, onChange: (value: unknown) => void, common: Common): ReactNode {
  const types = [property.type ?? []].flat();
  const mayBeNull = types.includes("null");
  if (property.enum !== undefined) {
    return (
      <Select
        {...common}
        data={property.enum.map((one) => ({ value: JSON.stringify(one), label: one === null ? "none" : String(one) }))}
        value={shown === null && !mayBeNull ? null : JSON.stringify(shown)}
        onChange={(next) => onChange(next === null ? undefined : JSON.parse(next))}
        allowDeselect={false}
      />
    );
  }
  if (property.format === "path" && types.includes("string")) {
    return <PathInput {...common} value={typeof shown === "string" ? shown : null} onChange={onChange} />;
  }
  if (types.length === 1 && types[0] === "boolean") {
    const { withAsterisk, inputWrapperOrder: _, ...rest } = common;
    return (
      <Switch
        {...rest}
        required={withAsterisk}
        checked={shown === true}
        onChange={(event) => onChange(event.currentTarget.checked)}
        mt={4}
      />
    );
  }
  const number = types.filter((type) => type !== "null");
  if (number.length === 1 && (number[0] === "integer" || number[0] === "number")) {
    return (
      <NumberField
        {...common}
        value={typeof shown === "number" ? shown : null}
        onChange={(next) => onChange(next ?? (mayBeNull ? null : undefined))}
        allowDecimal={number[0] === "number"}
        {...(property.minimum === undefined ? {} : { min: property.minimum })}
        {...(property.maximum === undefined ? {} : { max: property.maximum })}
        clampBehavior="none"
      />
    );
  }
  if (number.length === 1 && number[0] === "string") {
    return (
      <TextField
        {...common}
        value={typeof shown === "string" ? shown : ""}
        onChange={(next) => onChange(next === "" ? (mayBeNull ? null : undefined) : next)}
      />
    );
  }
  return <JsonField {...common} value={shown} onChange={onChange} />;
}

/** An empty one is its default, which is shown when the field is left. */
function TextField({ value, onChange, ...common }: Common & { value: string; onChange: (value: string) => void }) {
  const typing = useTyping(value);
  return (
    <TextInput
      {...common}
      {...typing.focus}
      value={typing.shown}
      onChange={({ currentTarget }) => {
        typing.type(currentTarget.value);
        onChange(currentTarget.value);
      }}
    />
  );
}

/** What has no field of its own is written as JSON. What cannot be read is given as it is, so that the server objects. */
function JsonField({ value, onChange, ...common }: Common & { value: unknown; onChange: (value: unknown) => void }) {
  const [typed, setTyped] = useState<{ text: string; as: string } | null>(null);
  const plain = JSON.stringify(value);
  const written = typed?.as === plain ? typed.text : plain;
  return (
    <JsonInput
      {...common}
      value={written}
      onChange={(next) => {
        const given: unknown = readable(next) ? JSON.parse(next) : next;
        setTyped({ text: next, as: JSON.stringify(given) });
        onChange(given);
      }}
      onBlur={() => {
        if (readable(written)) setTyped(null);
      }}
      error={common.error ?? (readable(written) ? null : "this is not JSON yet")}
      autosize
      minRows={1}
      styles={{ input: { fontFamily: "monospace" } }}
    />
  );
}

function readable(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
