import { TextInput, type TextInputProps } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";

interface SearchFieldProps extends Omit<TextInputProps, "onChange" | "leftSection"> {
  /** What it searches; people who see it are told by the placeholder. */
  label: string;
  value: string;
  onChange: (text: string) => void;
}

/** A text that lines of a list are looked for by. */
export function SearchField({ label, onChange, size = "sm", placeholder = label, ...props }: SearchFieldProps) {
  return (
    <TextInput
      {...props}
      size={size}
      aria-label={label}
      placeholder={placeholder}
      leftSection={<IconSearch size={size === "xs" ? 14 : 16} aria-hidden />}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
