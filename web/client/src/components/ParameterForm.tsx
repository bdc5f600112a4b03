import { Button, Group, JsonInput, NumberInput, Select, Stack, Switch, TextInput, Tooltip } from "@mantine/core";
import { IconArrowBackUp } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { PathInput } from "./PathInput";
import { type Property, properties, type Values } from "./schema";

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
  const set = (name: string, next: unknown) => {
    const { [name]: _, ...others } = value;
    onChange(next === undefined ? others : { ...others, [name]: next });
  };
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
            onChange={(next) => set(name, next)}
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
  const changed = value !== undefined && "default" in property;
  const common = {
    label: property.title ?? name,
    description: property.description,
    withAsterisk: required,
    error: error ?? null,
    inputWrapperOrder: ["label", "input", "description", "error"] as ("label" | "input" | "description" | "error")[],
  };
  const shown = value ?? property.default ?? null;
  return (
    <Group align="flex-start" gap="xs" wrap="nowrap">
      <div style={{ flexGrow: 1, minWidth: 0 }}>{control(property, shown, onChange, common)}</div>
      <ResetButton name={String(common.label)} shown={changed} onClick={() => onChange(undefined)} />
    </Group>
  );
}

function ResetButton({ name, shown, onClick }: { name: string; shown: boolean; onClick: () => void }) {
  return (
    <Tooltip label="Back to the default">
      <Button
        variant="subtle"
        size="compact-sm"
        mt={26}
        px={6}
        aria-label={`Reset ${name} to its default`}
        onClick={onClick}
        style={{ visibility: shown ? "visible" : "hidden" }}
      >
        <IconArrowBackUp size={16} aria-hidden />
      </Button>
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
      <NumberInput
        {...common}
        value={typeof shown === "number" ? shown : ""}
        onChange={(next) => onChange(next === "" ? (mayBeNull ? null : undefined) : next)}
        allowDecimal={number[0] === "number"}
        {...(property.minimum === undefined ? {} : { min: property.minimum })}
        {...(property.maximum === undefined ? {} : { max: property.maximum })}
        clampBehavior="none"
      />
    );
  }
  if (number.length === 1 && number[0] === "string") {
    return (
      <TextInput
        {...common}
        value={typeof shown === "string" ? shown : ""}
        onChange={(event) =>
          onChange(event.currentTarget.value === "" ? (mayBeNull ? null : undefined) : event.currentTarget.value)
        }
      />
    );
  }
  return <JsonField {...common} value={shown} onChange={onChange} />;
}

/** What has no field of its own is written as JSON; it counts when it can be read. */
function JsonField({ value, onChange, ...common }: Common & { value: unknown; onChange: (value: unknown) => void }) {
  const [text, setText] = useState<string | null>(null);
  const written = text ?? JSON.stringify(value);
  return (
    <JsonInput
      {...common}
      value={written}
      onChange={(next) => {
        setText(next);
        try {
          onChange(JSON.parse(next));
        } catch {
          // not finished: the last value that could be read stays, and the field says so
        }
      }}
      onBlur={() => {
        if (readable(written)) setText(null);
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
