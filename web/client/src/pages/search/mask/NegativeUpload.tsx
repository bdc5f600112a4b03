import { ActionIcon, Button, FileButton, Group, Text } from "@mantine/core";
import { IconUpload, IconX } from "@tabler/icons-react";
import type { Library } from "../../../api/client";
import { PickFeedback } from "../image/PickFeedback";
import { usePick } from "../image/usePick";
import classes from "./MaskEditor.module.css";

interface NegativeUploadProps {
  value: { upload: string; name: string } | null;
  onChange: (value: { upload: string; name: string } | null) => void;
  libraries: Library[];
  chosen: string[];
  /** Whether one is drawn, which counts more. */
  drawn: boolean;
}

/** A negative mask that is a file of its own. */
export function NegativeUpload({ value, onChange, libraries, chosen, drawn }: NegativeUploadProps) {
  const pick = usePick(libraries, ({ upload, name }) => onChange({ upload, name }));
  return (
    <>
      <Group gap="xs">
        <FileButton
          accept="image/png,image/tiff,.tif,.tiff"
          onChange={(file) => file !== null && void pick.pick(file, chosen)}
        >
          {(props) => (
            <Button
              {...props}
              size="xs"
              variant="default"
              leftSection={<IconUpload size={14} aria-hidden />}
              disabled={drawn || pick.state.progress !== null}
            >
              Upload a negative mask
            </Button>
          )}
        </FileButton>
        {value !== null && (
          <Group gap={4} wrap="nowrap" miw={0}>
            <Text size="sm" truncate maw={260}>
              {value.name}
            </Text>
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label="Remove the negative mask"
              onClick={() => onChange(null)}
            >
              <IconX size={16} aria-hidden />
            </ActionIcon>
          </Group>
        )}
        {drawn && (
          <Text size="xs" className={classes.quiet ?? ""}>
            {value === null ? "The drawn one is used." : "The drawn one is used; clear it to use the file."}
          </Text>
        )}
      </Group>
      <PickFeedback pick={pick} libraries={libraries} chosen={chosen} onLibraries={() => pick.forget()} />
    </>
  );
}
