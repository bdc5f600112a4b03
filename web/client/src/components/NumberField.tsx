import { NumberInput, type NumberInputProps } from "@mantine/core";
import { useState } from "react";

interface NumberFieldProps extends Omit<NumberInputProps, "value" | "onChange"> {
  /** Null for none. */
  value: number | null;
  /** Told null when the field is empty. */
  onChange: (value: number | null) => void;
}

/** A number. What is typed stays as it is until the field is left: "1." and "-" are on the way to one. */
export function NumberField({ value, onChange, ...rest }: NumberFieldProps) {
  const typing = useTyping<number | string>(value ?? "");
  return (
    <NumberInput
      {...rest}
      {...typing.focus}
      value={typing.shown}
      onChange={(next) => {
        typing.type(next);
        const number = next === "" ? null : Number(next);
        if (number === null || Number.isFinite(number)) onChange(number);
      }}
    />
  );
}

/** What a field shows: while it has the focus what was typed, whatever its value became of that; else its value. */
export function useTyping<T>(value: T) {
  const [typed, setTyped] = useState<{ text: T } | null>(null);
  const [focused, setFocused] = useState(false);
  return {
    shown: focused && typed !== null ? typed.text : value,
    type: (text: T) => setTyped({ text }),
    focus: {
      onFocus: () => setFocused(true),
      onBlur: () => {
        setFocused(false);
        setTyped(null);
      },
    },
  };
}
