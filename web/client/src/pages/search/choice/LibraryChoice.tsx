import { Alert, Badge, Button, Checkbox, Group, Stack, Text } from "@mantine/core";
import type { Analysis, Library } from "../../../api/client";
import { counted } from "../../../format";
import { fits, type Size, sizeOf, template, written } from "../image/fit";
import { takesLists } from "../start/specification";
import classes from "./LibraryChoice.module.css";

interface LibraryChoiceProps {
  libraries: Library[];
  /** Ids. */
  chosen: string[];
  onChosen: (chosen: string[]) => void;
  /** Of the image; null while there is none. */
  size: Size | null;
  analysis: Analysis;
  error: string | null;
}

/** The libraries that are searched. */
export function LibraryChoice({ libraries, chosen, onChosen, size, analysis, error }: LibraryChoiceProps) {
  const usable = libraries.filter((one) => one.problem == null && (size === null || fits(size, one)));
  const several = takesLists(analysis);
  const images = libraries.filter((one) => chosen.includes(one.id)).reduce((sum, one) => sum + one.items, 0);
  if (libraries.length === 0) {
    return (
      <Alert color="yellow" title="There is no library">
        A library is made by <code>skyburst library build</code>, in a folder that the server is told.
      </Alert>
    );
  }
  return (
    <Stack gap="xs">
      <Checkbox.Group
        aria-label="Libraries to search"
        value={chosen}
        onChange={(next) => onChosen(several ? next : next.slice(-1))}
        error={error}
      >
        <Stack gap={6} className={classes.list ?? ""}>
          {libraries.map((one) => (
            <LibraryCard key={one.id} library={one} size={size} />
          ))}
        </Stack>
      </Checkbox.Group>
      <Group justify="space-between" gap="xs">
        <Text size="xs" aria-live="polite">
          {chosen.length === 0 ? (several ? "Choose one or more." : "Choose one.") : counted(images, "image")}
        </Text>
        {several && usable.length > 1 && (
          <Button
            size="compact-xs"
            variant="subtle"
            onClick={() => onChosen(chosen.length === usable.length ? [] : usable.map((one) => one.id))}
          >
            {chosen.length === usable.length ? "Choose none" : size === null ? "Choose all" : "Choose all that fit"}
          </Button>
        )}
      </Group>
    </Stack>
  );
}

function LibraryCard({ library, size }: { library: Library; size: Size | null }) {
  const own = sizeOf(library);
  const wrong = size !== null && !fits(size, library);
  const about = [own === null ? null : `${written(own)} px`, template(library)].filter((one) => one !== null);
  return (
    <Checkbox.Card
      value={library.id}
      disabled={library.problem != null}
      className={classes.card ?? ""}
      aria-label={`${library.name}, ${counted(library.items, "image")}${library.indexed ? ", indexed" : ""}`}
    >
      <Group wrap="nowrap" align="flex-start" gap="sm">
        <Checkbox.Indicator mt={2} />
        <div className={classes.words}>
          <Group justify="space-between" gap={6} wrap="nowrap">
            <Text size="sm" fw={600} className={classes.name ?? ""}>
              {library.name}
            </Text>
            <Group gap={6} wrap="nowrap">
              {library.indexed && (
                <Badge size="sm" variant="light" color="teal" title="Its index makes searches faster">
                  index
                </Badge>
              )}
              <Text size="sm" className={classes.count ?? ""}>
                {counted(library.items, "image")}
              </Text>
            </Group>
          </Group>
          <Text size="xs" className={classes.about ?? ""}>
            {about.join(" · ")}
          </Text>
          {wrong && (
            <Text size="xs" className={classes.wrong ?? ""}>
              Its images have another size than yours.
            </Text>
          )}
          {library.problem != null && (
            <Text size="xs" className={classes.wrong ?? ""}>
              {library.problem}
            </Text>
          )}
        </div>
      </Group>
    </Checkbox.Card>
  );
}
