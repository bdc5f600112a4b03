import type { UploadedImage } from "../draft";

/** The name of the file of a channel, counted from 1. */
export function channelFile({ name, channels }: Pick<UploadedImage, "name" | "channels">, channel: number): string {
  const stem = name.replace(/\.[a-z]+$/i, "");
  return channels > 1 ? `${stem}-channel${channel}.png` : `${stem}.png`;
}
