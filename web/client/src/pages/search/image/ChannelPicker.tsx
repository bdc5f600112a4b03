import { Radio, SimpleGrid, Text } from "@mantine/core";
import { Picture } from "../../../components/Picture";
import type { UploadedImage } from "../draft";
import classes from "./ChannelPicker.module.css";
import { DownloadChannel } from "./DownloadChannel";
import { picturePath } from "./usePixels";

interface ChannelPickerProps {
  image: UploadedImage;
  /** Counted from 1. */
  channel: number;
  onChannel: (channel: number) => void;
}

/** Which of the channels of an image is searched with, by small pictures of them. */
export function ChannelPicker({ image, channel, onChannel }: ChannelPickerProps) {
  return (
    <Radio.Group
      label="Channel"
      description={`The image has ${image.channels}; one of them is searched with.`}
      value={String(channel)}
      onChange={(next) => onChannel(Number(next))}
    >
      <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="xs" mt="xs">
        {Array.from({ length: image.channels }, (_, at) => at + 1).map((number) => (
          <div key={number} className={classes.place}>
            <Radio.Card value={String(number)} className={classes.card ?? ""}>
              <Picture
                path={picturePath(image.upload, number)}
                alt=""
                className={classes.picture}
                style={{ aspectRatio: `${image.width} / ${image.height}` }}
              />
              <Text size="sm" className={classes.name ?? ""}>
                <Radio.Indicator size="xs" /> Channel {number}
              </Text>
            </Radio.Card>
            <DownloadChannel image={image} channel={number} className={classes.download ?? ""} />
          </div>
        ))}
      </SimpleGrid>
    </Radio.Group>
  );
}
