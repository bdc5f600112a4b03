import { Alert, Group, NumberInput, Slider, Stack, Switch, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { counted } from "../../../format";
import classes from "./MaskEditor.module.css";
import { judgedAgainst, type Verdict } from "./seen";

interface SeenPanelProps {
  /** How many pixels the search compares. */
  pixels: number;
  /** How many it compares of the negative mask; null where there is none. */
  against: number | null;
  verdict: Verdict;
  /** Whether nothing is drawn, so that the whole image is the mask. */
  whole: boolean;
  shown: boolean;
  onShown: (shown: boolean) => void;
  threshold: number;
  onThreshold: (threshold: number) => void;
  /** Whether boxes of labels are left out. */
  boxes: boolean;
}

/** What the search will see, in numbers, and the threshold that it depends on. */
export function SeenPanel(props: SeenPanelProps) {
  const { pixels, against, verdict, whole, shown, onShown, threshold, onThreshold, boxes } = props;
  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="sm">
        <Switch
          label="Show what the search sees"
          checked={shown}
          onChange={(event) => onShown(event.currentTarget.checked)}
        />
        <Group gap="xs" wrap="nowrap">
          <Text size="sm" component="label" htmlFor="mask-threshold-field">
            Threshold
          </Text>
          <Slider
            w={{ base: 110, xs: 180 }}
            min={0}
            max={255}
            label={null}
            value={threshold}
            onChange={onThreshold}
            thumbLabel="Threshold by a slider"
          />
          <NumberInput
            id="mask-threshold-field"
            size="xs"
            w={64}
            min={0}
            max={255}
            allowDecimal={false}
            hideControls
            value={threshold}
            onChange={(next) => typeof next === "number" && onThreshold(next)}
          />
        </Group>
      </Group>
      <Text size="sm" aria-live="polite" data-testid="seen">
        The search sees <b>{counted(pixels, "pixel")}</b>
        {whole ? " of the whole image, as nothing is drawn." : " of what is drawn."}{" "}
        {against !== null && (
          <>
            Of the negative mask it sees <b>{counted(against, "pixel")}</b>.{" "}
          </>
        )}
        <Text span size="sm" className={classes.quiet ?? ""}>
          {boxes
            ? "Brighter than the threshold in red, green or blue, outside the dashed boxes of labels."
            : "Brighter than the threshold in red, green or blue."}
        </Text>
      </Text>
      <Warning {...verdict} />
      {against !== null && <Warning {...judgedAgainst(against)} />}
    </Stack>
  );
}

function Warning({ possible, warning }: Verdict) {
  if (warning === null) return null;
  return (
    <Alert color={possible ? "yellow" : "red"} icon={<IconAlertTriangle aria-hidden />} p="xs">
      {warning}
    </Alert>
  );
}
