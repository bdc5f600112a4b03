import { Button, Collapse, Select, Stack } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconAdjustments, IconChevronDown } from "@tabler/icons-react";
import { useId } from "react";
import type { Analysis } from "../../../api/client";
import { ParameterForm } from "../../../components/ParameterForm";
import type { Values } from "../../../components/schema";
import { counted } from "../../../format";
import { OWN } from "../inputs";
import { applied, presetOf } from "./presets";

interface ParametersProps {
  analysis: Analysis;
  values: Values;
  onValues: (values: Values) => void;
  /** What is wrong, by path, such as `parameters.xy_shift`. */
  problems: Record<string, string>;
}

/** How pixels are compared: a preset, and every parameter. */
export function Parameters({ analysis, values, onValues, problems }: ParametersProps) {
  const [open, { toggle }] = useDisclosure(false);
  const id = useId();
  const preset = presetOf(analysis, values);
  const changed = Object.keys(values).length;
  const wrong = Object.keys(problems).some((field) => !OWN.some((own) => field.startsWith(`parameters.${own}`)));
  const shown = open || wrong;
  return (
    <Stack gap="sm">
      {analysis.presets.length > 0 && (
        <Select
          label="Preset"
          placeholder="Your own"
          description={preset?.description ?? "The parameters are your own."}
          inputWrapperOrder={["label", "input", "description"]}
          data={analysis.presets.map(({ name, title }) => ({ value: name, label: title }))}
          value={preset?.name ?? null}
          allowDeselect={false}
          onChange={(name) => {
            const chosen = analysis.presets.find((one) => one.name === name);
            if (chosen !== undefined) onValues(applied(analysis, chosen, values));
          }}
        />
      )}
      <Button
        variant="default"
        size="sm"
        fullWidth
        styles={{ label: { flexGrow: 1 } }}
        leftSection={<IconAdjustments size={16} aria-hidden />}
        rightSection={<IconChevronDown size={16} aria-hidden style={{ rotate: shown ? "180deg" : "0deg" }} />}
        aria-expanded={shown}
        aria-controls={id}
        onClick={toggle}
      >
        {changed === 0 ? "All parameters" : `All parameters, ${changed} changed`}
      </Button>
      <Collapse expanded={shown} id={id}>
        <ParameterForm schema={analysis.parameters} value={values} onChange={onValues} problems={problems} hide={OWN} />
        {changed > 0 && (
          <Button variant="subtle" size="compact-sm" mt="sm" onClick={() => onValues({})}>
            Reset {counted(changed, "parameter")} to the defaults
          </Button>
        )}
      </Collapse>
    </Stack>
  );
}
