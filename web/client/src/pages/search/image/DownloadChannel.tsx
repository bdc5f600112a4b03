import { ActionIcon, Tooltip } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconDownload } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { fetchBlob } from "../../../components/Picture";
import { save } from "../../results/export/save";
import type { UploadedImage } from "../draft";
import { channelFile } from "./channelFile";
import { picturePath } from "./usePixels";

interface DownloadChannelProps {
  image: UploadedImage;
  /** Counted from 1. */
  channel: number;
  className?: string;
}

/** Saves a channel of an image as PNG, with its very pixels. */
export function DownloadChannel({ image, channel, className = "" }: DownloadChannelProps) {
  const what = image.channels > 1 ? `channel ${channel}` : "the image";
  const download = useMutation({
    mutationFn: async () => save(channelFile(image, channel), await fetchBlob(picturePath(image.upload, channel))),
    onError: (error) =>
      notifications.show({ color: "red", title: `Not downloaded: ${what}`, message: error.message, autoClose: false }),
  });
  return (
    <Tooltip label="Download as PNG">
      <ActionIcon
        className={className}
        variant="subtle"
        loading={download.isPending}
        aria-label={`Download ${what}`}
        onClick={() => download.mutate()}
      >
        <IconDownload size={16} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
