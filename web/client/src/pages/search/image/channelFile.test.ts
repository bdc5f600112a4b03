import { expect, test } from "vitest";
import { channelFile } from "./channelFile";

test("files of channels have names that differ, and say what they are", () => {
  expect(channelFile({ name: "brain.v2.tiff", channels: 3 }, 2)).toBe("brain.v2-channel2.png");
  expect(channelFile({ name: "brain.tif", channels: 1 }, 1)).toBe("brain.png");
});
