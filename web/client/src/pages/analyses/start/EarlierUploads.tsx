import { ActionIcon, Button, Checkbox, Group, Modal, ScrollArea, Stack, Tooltip } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, api, type UploadLine } from "../../../api/client";
import { uploadsQuery } from "../../../api/uploadsQuery";
import { Nothing, ProblemAlert } from "../../../components/Feedback";
import classes from "../../../components/List.module.css";
import { SearchField } from "../../../components/SearchField";
import { ago, bytes, counted } from "../../../format";

interface EarlierUploadsProps {
  /** Those that the form has already, by their ids. */
  taken: ReadonlySet<string>;
  add: (uploads: UploadLine[]) => void;
  close: () => void;
}

/** Files that were uploaded before: as datasets of another job, or to be removed for good. */
export function EarlierUploads({ taken, add, close }: EarlierUploadsProps) {
  const client = useQueryClient();
  const [wanted, setWanted] = useState("");
  const [chosen, setChosen] = useState<ReadonlyMap<string, UploadLine>>(new Map());
  const found = useInfiniteQuery(uploadsQuery(wanted.trim()));
  const uploads = found.data?.pages.flatMap((page) => page.uploads) ?? [];
  const choose = (upload: UploadLine, on: boolean) =>
    setChosen((old) => {
      const next = new Map(old);
      if (on) next.set(upload.id, upload);
      else next.delete(upload.id);
      return next;
    });
  const remove = useMutation({
    mutationFn: (upload: UploadLine) =>
      answer(api.DELETE("/api/uploads/{upload}", { params: { path: { upload: upload.id } } })),
    onSuccess: (_, upload) => choose(upload, false),
    onSettled: () => client.invalidateQueries({ queryKey: ["uploads"] }),
  });
  return (
    <Modal opened onClose={close} title="Earlier uploads" size="lg" scrollAreaComponent={ScrollArea.Autosize}>
      <Stack gap="sm">
        <SearchField label="Search uploads" placeholder="Name" value={wanted} onChange={setWanted} data-autofocus />
        {found.error !== null && <ProblemAlert error={found.error} retry={() => void found.refetch()} />}
        {remove.error !== null && <ProblemAlert title="It was not removed" error={remove.error} />}
        {found.data !== undefined && uploads.length === 0 && (
          <Nothing
            title={wanted.trim() === "" ? "Nothing was uploaded as a dataset yet" : "No upload has this in its name"}
          />
        )}
        {uploads.length > 0 && (
          <ul className={classes.framed} aria-label="Earlier uploads">
            {uploads.map((upload) => (
              <li key={upload.id}>
                <Group justify="space-between" wrap="nowrap" gap="xs" px="sm" py={6}>
                  <Checkbox
                    checked={chosen.has(upload.id) || taken.has(upload.id)}
                    disabled={taken.has(upload.id)}
                    onChange={(event) => choose(upload, event.currentTarget.checked)}
                    label={upload.name}
                    description={`${bytes(upload.size)}, ${ago(upload.created_at)}`}
                    styles={{ label: { overflowWrap: "anywhere" } }}
                  />
                  <Tooltip label="Remove from the server">
                    <ActionIcon
                      variant="subtle"
                      color="red"
                      aria-label={`Remove ${upload.name} from the server`}
                      disabled={taken.has(upload.id) || remove.isPending}
                      onClick={() => remove.mutate(upload)}
                    >
                      <IconTrash size={16} aria-hidden />
                    </ActionIcon>
                  </Tooltip>
                </Group>
              </li>
            ))}
          </ul>
        )}
        {found.hasNextPage && (
          <Button variant="default" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
            Load more
          </Button>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button
            disabled={chosen.size === 0}
            onClick={() => {
              add([...chosen.values()]);
              close();
            }}
          >
            {chosen.size === 0 ? "Add" : `Add ${counted(chosen.size, "dataset")}`}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
