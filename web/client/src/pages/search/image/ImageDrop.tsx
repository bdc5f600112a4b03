import { Group, Stack, Text } from "@mantine/core";
import { Dropzone } from "@mantine/dropzone";
import { IconDownload, IconPhotoPlus, IconPhotoX } from "@tabler/icons-react";
import type { Library } from "../../../api/client";
import { sizeOf, template, written } from "./fit";
import classes from "./ImageDrop.module.css";

interface ImageDropProps {
  libraries: Library[];
  busy: boolean;
  onFile: (file: File) => void;
}

/** Where an image is dropped, or picked by a click or by Enter. */
export function ImageDrop({ libraries, busy, onFile }: ImageDropProps) {
  return (
    <Dropzone
      className={classes.drop ?? ""}
      multiple={false}
      disabled={busy}
      onDrop={([file]) => file !== undefined && onFile(file)}
      inputProps={{ "aria-label": "Image file" }}
      aria-label="Choose an image, or drop one here"
    >
      <Stack align="center" gap="xs" className={classes.inside ?? ""}>
        <Dropzone.Accept>
          <IconDownload size={48} stroke={1.3} aria-hidden />
        </Dropzone.Accept>
        <Dropzone.Reject>
          <IconPhotoX size={48} stroke={1.3} aria-hidden />
        </Dropzone.Reject>
        <Dropzone.Idle>
          <IconPhotoPlus size={48} stroke={1.3} aria-hidden />
        </Dropzone.Idle>
        <Text fw={600} size="lg" ta="center">
          Drop an image, or choose one
        </Text>
        <Text size="sm" ta="center" maw={440}>
          A color-depth projection, aligned to the template of the libraries: PNG or TIFF, 8 bits in red, green and
          blue. Several channels may be pages of one TIFF.
        </Text>
        <Group gap="xs" justify="center">
          {sizes(libraries).map(({ size, names }) => (
            <Text key={size} size="sm" className={classes.size ?? ""}>
              <b>{size}</b> {names}
            </Text>
          ))}
        </Group>
      </Stack>
    </Dropzone>
  );
}

/** The sizes that images may have, with the templates, or else the libraries, that have them. */
function sizes(libraries: Library[]): { size: string; names: string }[] {
  const found = new Map<string, Set<string>>();
  for (const library of libraries) {
    const size = sizeOf(library);
    if (size === null) continue;
    const key = written(size);
    found.set(key, (found.get(key) ?? new Set()).add(template(library) ?? library.name));
  }
  return [...found].map(([size, names]) => ({ size, names: [...names].join(", ") }));
}
