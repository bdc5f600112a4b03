import { Button, FileButton, Group, Input, Progress, Select, Text } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useId, useState } from "react";
import { Problem } from "../api/problem";
import { queries } from "../api/queries";
import { uploadFile } from "../api/uploads";
import { counted, percent } from "../format";

interface PathInputProps {
  label: ReactNode;
  description: ReactNode;
  withAsterisk: boolean;
  error: string | null;
  /** `library:ID`, `upload:ID`, or whatever else a job was given. */
  value: string | null;
  onChange: (value: string | undefined) => void;
}

/** Something stored: one of the libraries of the server, or a file that is uploaded. */
export function PathInput({ label, description, withAsterisk, error, value, onChange }: PathInputProps) {
  const id = useId();
  const { data: libraries = [] } = useQuery(queries.libraries);
  const [progress, setProgress] = useState<number | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const [name, setName] = useState<string | null>(null);
  const choose = async (file: File | null) => {
    if (file === null) return;
    setFailed(null);
    setProgress(0);
    try {
      const upload = await uploadFile(file, { purpose: "data", onProgress: setProgress });
      setName(file.name);
      onChange(`upload:${upload.id}`);
    } catch (problem) {
      setFailed(problem instanceof Problem ? problem.message : String(problem));
    } finally {
      setProgress(null);
    }
  };
  return (
    <Input.Wrapper id={id} label={label} description={description} withAsterisk={withAsterisk} error={failed ?? error}>
      <Group gap="xs" mt={4}>
        {libraries.length > 0 && (
          <Select
            id={id}
            placeholder="A library"
            clearable
            searchable
            data={libraries.map((one) => ({
              value: `library:${one.id}`,
              label: `${one.name} (${counted(one.items, "item")})`,
              disabled: one.problem != null,
            }))}
            value={value?.startsWith("library:") ? value : null}
            onChange={(next) => onChange(next ?? undefined)}
          />
        )}
        <FileButton onChange={choose}>
          {(props) => (
            <Button
              {...props}
              variant="default"
              leftSection={<IconUpload size={16} aria-hidden />}
              disabled={progress !== null}
            >
              {libraries.length > 0 ? "or upload a file" : "Upload a file"}
            </Button>
          )}
        </FileButton>
        {value !== null && !value.startsWith("library:") && (
          <Text size="sm" truncate maw={260}>
            {name ?? value}
          </Text>
        )}
      </Group>
      {progress !== null && (
        <Progress value={progress * 100} mt="xs" aria-label={`Uploading, ${percent(progress)}`} animated />
      )}
    </Input.Wrapper>
  );
}
