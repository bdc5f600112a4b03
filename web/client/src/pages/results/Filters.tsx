import { Badge, Button, Checkbox, Group, NumberInput, Radio, Select, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useEffect, useState } from "react";
import { count, counted } from "../../format";
import { sexWord } from "./match";
import { activeFilters, NO_FILTERS, type View } from "./state";

interface FiltersProps {
  view: View;
  /** Sets filters; what is being typed replaces the last address instead of adding one. */
  change: (change: Partial<View>, typing?: boolean) => void;
  /** Matches by library and by sex, as the other filters leave them. */
  libraries: Record<string, number>;
  sexes: Record<string, number>;
  /** Of all matches, those that the result has as female because it has no word for what is not known. */
  unknownSexes: number;
}

/** What leaves matches out; the server does it. */
export function Filters({ view, change, libraries, sexes, unknownSexes }: FiltersProps) {
  const active = activeFilters(view);
  const known = [...new Set([...Object.keys(libraries), ...view.hide])].filter((name) => name !== "").sort();
  const kinds = [...new Set([...Object.keys(sexes), ...(view.sex === null ? [] : [view.sex])])].sort();
  const ofEach = Object.values(sexes).reduce((sum, one) => sum + one, 0);
  return (
    <Stack gap="md" component="section" aria-label="Filters">
      <Group justify="space-between" h={26}>
        <Group gap={6}>
          <Text fw={600} size="sm" component="h2">
            Filters
          </Text>
          <FilterCount active={active} />
        </Group>
        {active > 0 && (
          <Button size="compact-xs" variant="subtle" onClick={() => change({ ...NO_FILTERS, perLine: null })}>
            Reset
          </Button>
        )}
      </Group>
      <Pattern label="Line" placeholder="VT0*" value={view.line} onChange={(line) => change({ line }, true)} />
      <Pattern
        label="Image name or id"
        placeholder="*40x*"
        value={view.image}
        onChange={(image) => change({ image }, true)}
      />
      <Least value={view.least} onChange={(least) => change({ least }, true)} />
      <Select
        size="sm"
        label="Results per line"
        data={[
          { value: "", label: "All" },
          ...[1, 2, 3, 5, 10].map((most) => ({
            value: String(most),
            label: most === 1 ? "The best" : `The best ${most}`,
          })),
        ]}
        value={view.perLine === null ? "" : String(view.perLine)}
        onChange={(most) => change({ perLine: most ? Number(most) : null })}
        allowDeselect={false}
      />
      {kinds.some((kind) => kind !== "") && (
        <Radio.Group
          size="sm"
          label="Sex"
          description={
            unknownSexes > 0
              ? `Not known of ${counted(unknownSexes, "match", "matches")}, which the format of the result has as female`
              : undefined
          }
          value={view.sex ?? "any"}
          onChange={(sex) => change({ sex: sex === "any" ? null : sex })}
        >
          <Stack gap={6} mt={6}>
            <Radio size="xs" value="any" label={<Counted name="any" value={ofEach} />} />
            {kinds.map((kind) => (
              <Radio
                size="xs"
                key={kind}
                value={kind}
                label={<Counted name={sexWord(kind)} value={sexes[kind] ?? 0} />}
              />
            ))}
          </Stack>
        </Radio.Group>
      )}
      {known.length > 0 && (
        <Checkbox.Group
          size="sm"
          label="Libraries"
          value={known.filter((name) => !view.hide.includes(name))}
          onChange={(on) => change({ hide: known.filter((name) => !on.includes(name)) })}
        >
          <Stack gap={6} mt={6}>
            {known.map((name) => (
              <Checkbox
                size="xs"
                key={name}
                value={name}
                label={<Counted name={name} value={libraries[name] ?? 0} />}
              />
            ))}
          </Stack>
        </Checkbox.Group>
      )}
    </Stack>
  );
}

/** How many filters are set, where any is. */
export function FilterCount({ active }: { active: number }) {
  if (active === 0) return null;
  return (
    <Badge size="sm" circle={active < 10} aria-label={`${active} active`}>
      {active}
    </Badge>
  );
}

function Counted({ name, value }: { name: string; value: number }) {
  return (
    <>
      {name}{" "}
      <Text span c="dimmed" size="xs">
        {count(value)}
      </Text>
    </>
  );
}

const TYPING_MS = 350;

function Pattern(props: { label: string; placeholder: string; value: string; onChange: (value: string) => void }) {
  const [typed, setTyped] = useState(props.value);
  const tell = useDebouncedCallback(props.onChange, TYPING_MS);
  // Set elsewhere, as by Reset; what is being typed stays, with the space at its end.
  useEffect(() => setTyped((now) => (now.trim() === props.value ? now : props.value)), [props.value]);
  return (
    <TextInput
      size="sm"
      label={props.label}
      placeholder={props.placeholder}
      description="A part of it, or a pattern with * and ?"
      inputWrapperOrder={["label", "input", "description"]}
      value={typed}
      maxLength={300}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        tell(event.currentTarget.value.trim());
      }}
    />
  );
}

/** What is typed as a score, be it unfinished as in "1."; null for nothing. */
function leastOf(typed: number | string): number | null {
  return typed === "" ? null : Number(typed);
}

function Least({ value, onChange }: { value: number | null; onChange: (value: number | null) => void }) {
  const [typed, setTyped] = useState<number | string>(value ?? "");
  const tell = useDebouncedCallback(onChange, TYPING_MS);
  useEffect(() => setTyped((now) => (leastOf(now) === value ? now : (value ?? ""))), [value]);
  return (
    <NumberInput
      size="sm"
      label="Least score"
      placeholder="any"
      value={typed}
      hideControls
      onChange={(next) => {
        setTyped(next);
        const number = leastOf(next);
        if (number === null || Number.isFinite(number)) tell(number);
      }}
    />
  );
}
