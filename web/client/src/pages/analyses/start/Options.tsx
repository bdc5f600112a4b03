import { SimpleGrid, TagsInput, TextInput } from "@mantine/core";
import { isObject } from "../../../components/json";
import { NumberField } from "../../../components/NumberField";
import type { Values } from "../../../components/schema";

interface OptionsProps {
  value: Values;
  onChange: (value: Values) => void;
  /** Whether each dataset has an environment: then its time may be limited. */
  environments: boolean;
  /** Whether jobs run on AWS, where the instance type may be chosen. */
  aws: boolean;
}

/** Fields of a job's specification that most jobs leave at their defaults. */
export function Options({ value, onChange, environments, aws }: OptionsProps) {
  const set = (field: string, next: unknown) => {
    const { [field]: _, ...others } = value;
    onChange(next === undefined ? others : { ...others, [field]: next });
  };
  const wishes = isObject(value.environment) ? value.environment : {};
  const wish = (field: string, next: unknown) => {
    const { [field]: _, ...others } = wishes;
    const all = next === undefined ? others : { ...others, [field]: next };
    set("environment", Object.keys(all).length === 0 ? undefined : all);
  };
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="md">
      {environments && (
        <NumberField
          label="Time limit of a dataset, minutes"
          description="It bounds what is reserved of a budget."
          placeholder="as the analysis says"
          min={0}
          value={numberOf(wishes.timeout_min)}
          onChange={(next) => wish("timeout_min", next ?? undefined)}
        />
      )}
      {environments && aws && (
        <TextInput
          label="Instance type"
          description="Of EC2, such as m5.4xlarge."
          placeholder="the cheapest that fits"
          value={typeof wishes.instance_type === "string" ? wishes.instance_type : ""}
          onChange={(event) => wish("instance_type", event.currentTarget.value || undefined)}
        />
      )}
      <NumberField
        label="At once, at most"
        description="Batches that run at the same time."
        placeholder="as many as there is room for"
        min={1}
        allowDecimal={false}
        value={numberOf(value.max_parallelism)}
        onChange={(next) => set("max_parallelism", next ?? undefined)}
      />
      <NumberField
        label="Failures that are tolerated, %"
        description="The job has a result as long as no more fail."
        placeholder="as the analysis says"
        min={0}
        max={100}
        value={numberOf(value.tolerated_failure_percent)}
        onChange={(next) => set("tolerated_failure_percent", next ?? undefined)}
      />
      <TagsInput
        label="Tell when it has ended"
        description="mailto:NAME@HOST or https://HOST/PATH"
        placeholder="nobody"
        value={Array.isArray(value.notify) ? value.notify.map(String) : []}
        onChange={(next) => set("notify", next.length === 0 ? undefined : next)}
      />
    </SimpleGrid>
  );
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
