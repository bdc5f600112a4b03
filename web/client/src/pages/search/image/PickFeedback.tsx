import { Alert, Button, Group, Progress, Stack, Text } from "@mantine/core";
import { IconPhotoX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { Library } from "../../../api/client";
import { isLasting } from "../../../api/problem";
import { ProblemAlert } from "../../../components/Feedback";
import { percent } from "../../../format";
import type { Pick } from "./usePick";

interface PickFeedbackProps {
  pick: Pick;
  libraries: Library[];
  chosen: string[];
  /** Called with ids of libraries, when a file is taken for others than were chosen. */
  onLibraries: (libraries: string[]) => void;
}

/** How far an image is on its way, or why it was not taken. */
export function PickFeedback({ pick, libraries, chosen, onLibraries }: PickFeedbackProps) {
  const { progress, name, refused, failed } = pick.state;
  if (progress !== null) {
    return (
      <Stack gap={4}>
        <Group justify="space-between" wrap="nowrap">
          <Text size="sm" truncate>
            Uploading {name}
          </Text>
          <Button size="compact-xs" variant="subtle" onClick={pick.cancel}>
            Cancel
          </Button>
        </Group>
        <Progress value={progress * 100} aria-label={`Uploading, ${percent(progress)}`} animated />
      </Stack>
    );
  }
  if (failed !== null) {
    if (isLasting(failed.error)) {
      return <Unusable title={`${failed.file.name} was not taken`} error={failed.error} onClose={pick.forget} />;
    }
    const again = () => void pick.pick(failed.file, chosen);
    return <ProblemAlert title={`${failed.file.name} was not taken`} error={failed.error} retry={again} />;
  }
  if (refused === null) return null;
  const others = libraries.filter((one) => refused.fitting.includes(one.id));
  return (
    <Alert
      color="red"
      role="alert"
      icon={<IconPhotoX aria-hidden />}
      title={`${refused.file.name} cannot be searched with`}
      withCloseButton
      closeButtonLabel="Close"
      onClose={pick.forget}
    >
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{refused.detail}</Text>
        {others.length > 0 && (
          <Button
            size="compact-sm"
            variant="light"
            color="red"
            onClick={() => {
              onLibraries(refused.fitting);
              void pick.pick(refused.file, refused.fitting);
            }}
          >
            Search {others.map((one) => one.name).join(", ")} instead
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

interface UnusableProps {
  title: string;
  /** What the server says of it. */
  error: unknown;
  onClose?: () => void;
  /** A way to choose another file, where there is none beside it. */
  children?: ReactNode;
}

/** An image with which nothing can be done. */
export function Unusable({ title, error, onClose, children }: UnusableProps) {
  return (
    <Alert
      color="red"
      role="alert"
      icon={<IconPhotoX aria-hidden />}
      title={title}
      withCloseButton={onClose !== undefined}
      closeButtonLabel="Close"
      {...(onClose === undefined ? {} : { onClose })}
    >
      <Stack gap="xs" align="flex-start">
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>
          {error instanceof Error ? error.message : String(error)}
        </Text>
        {children ?? <Text size="sm">Choose another file.</Text>}
      </Stack>
    </Alert>
  );
}
