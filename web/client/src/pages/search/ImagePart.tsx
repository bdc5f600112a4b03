import { Button, FileButton, Text } from "@mantine/core";
import { IconPhotoPlus } from "@tabler/icons-react";
import type { Analysis, Library } from "../../api/client";
import { isLasting } from "../../api/problem";
import { Found } from "../../components/Feedback";
import { HelpLink } from "../../components/HelpLink";
import { Section } from "../../components/Section";
import type { Draft } from "./draft";
import { ChannelPicker } from "./image/ChannelPicker";
import { DownloadChannel } from "./image/DownloadChannel";
import { written } from "./image/fit";
import { ImageDrop } from "./image/ImageDrop";
import { PickFeedback, Unusable } from "./image/PickFeedback";
import { usePick } from "./image/usePick";
import { usePixels } from "./image/usePixels";
import { MaskPart, type Prepared } from "./MaskPart";
import { NOTHING } from "./mask/drawing";

export interface PartProps {
  draft: Draft;
  change: (changes: Partial<Draft>) => void;
  analysis: Analysis;
  libraries: Library[];
  /** Ids. */
  chosen: string[];
}

interface ImagePartProps extends PartProps {
  /** What the server objects to in the mask. */
  problem: string | null;
  onPrepared: (prepared: Prepared | null) => void;
}

/** The image, its channel, and the mask that is drawn on it. */
export function ImagePart({ onPrepared, problem, ...part }: ImagePartProps) {
  const { draft, change, libraries, chosen } = part;
  const { image } = draft;
  const pick = usePick(libraries, (picked, taken) =>
    change({ image: picked, channel: 1, history: NOTHING, ...(taken.length > 0 ? { libraries: taken } : {}) }),
  );
  const take = (file: File | null) => file !== null && void pick.pick(file, chosen);
  const feedback = (
    <PickFeedback
      pick={pick}
      libraries={libraries}
      chosen={chosen}
      onLibraries={(next) => change({ libraries: next })}
    />
  );
  if (image === null) {
    return (
      <Section title="Image" aside={<HelpLink topic="images" label="Which images can be searched with" />}>
        {feedback}
        <ImageDrop libraries={libraries} busy={pick.state.progress !== null} onFile={take} />
      </Section>
    );
  }
  return (
    <>
      <Section
        title="Image"
        aside={
          <FileButton accept="image/png,image/tiff,.tif,.tiff" onChange={take}>
            {(props) => (
              <Button
                {...props}
                size="compact-sm"
                variant="subtle"
                style={{ flexShrink: 0 }}
                aria-label="Change the image"
                leftSection={<IconPhotoPlus size={16} aria-hidden />}
                disabled={pick.state.progress !== null}
              >
                Change
              </Button>
            )}
          </FileButton>
        }
        beside={
          <>
            <Text size="sm" truncate title={image.name}>
              {image.name}
            </Text>
            <Text size="sm" visibleFrom="xs" style={{ whiteSpace: "nowrap" }}>
              {written(image)} px
            </Text>
            {image.channels === 1 && <DownloadChannel image={image} channel={1} />}
          </>
        }
      >
        {feedback}
        {image.channels > 1 && (
          <ChannelPicker image={image} channel={draft.channel} onChannel={(channel) => change({ channel })} />
        )}
      </Section>
      <Loaded {...part} image={image} problem={problem} onPrepared={onPrepared} onFile={take} />
    </>
  );
}

interface LoadedProps extends ImagePartProps {
  image: NonNullable<Draft["image"]>;
  onFile: (file: File | null) => void;
}

function Loaded({ image, onFile, ...rest }: LoadedProps) {
  const pixels = usePixels(image.upload, rest.draft.channel);
  if (isLasting(pixels.error)) {
    return (
      <Unusable title={`${image.name} cannot be searched with`} error={pixels.error}>
        <FileButton accept="image/png,image/tiff,.tif,.tiff" onChange={onFile}>
          {(props) => (
            <Button {...props} size="compact-sm" variant="light" color="red">
              Choose another file
            </Button>
          )}
        </FileButton>
      </Unusable>
    );
  }
  return <Found query={pixels}>{(found) => <MaskPart {...rest} image={image} pixels={found} />}</Found>;
}
