import { Button, PasswordInput, Stack } from "@mantine/core";
import { useForm } from "@mantine/form";
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { account } from "../../auth/account";
import { ProblemAlert } from "../../components/Feedback";

/** Another password for who knows the one that holds. */
export function PasswordForm() {
  const form = useForm({ mode: "uncontrolled", initialValues: { old: "", chosen: "" } });
  const change = useMutation({
    mutationFn: async ({ old, chosen }: { old: string; chosen: string }) => account()?.changePassword(old, chosen),
    onSuccess: () => {
      form.reset();
      notifications.show({ message: "The password is changed." });
    },
  });
  return (
    <form onSubmit={form.onSubmit((values) => change.mutate(values))}>
      <Stack gap="sm" maw={320} align="flex-start">
        {change.error !== null && <ProblemAlert title="The password was not changed" error={change.error} />}
        <PasswordInput
          label="Password that holds now"
          autoComplete="current-password"
          required
          w="100%"
          key={form.key("old")}
          {...form.getInputProps("old")}
        />
        <PasswordInput
          label="New password"
          autoComplete="new-password"
          required
          w="100%"
          key={form.key("chosen")}
          {...form.getInputProps("chosen")}
        />
        <Button type="submit" variant="default" loading={change.isPending}>
          Change the password
        </Button>
      </Stack>
    </form>
  );
}
