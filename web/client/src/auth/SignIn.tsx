import { Anchor, Button, Card, Center, Loader, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { Fragment, type ReactNode, useState } from "react";
import type { Config } from "../api/config";
import { ProblemAlert } from "../components/Feedback";
import * as cognito from "./cognito";
import { OverThePage } from "./OverThePage";
import { useSession } from "./useSession";

/** Asks who one is, and lets one in. What is asked for next is up to Cognito: a new password at the first time. */
export default function SignIn({ auth, children }: { auth: NonNullable<Config["auth"]>; children: ReactNode }) {
  const session = useSession(auth);
  const { owner, step, error } = session;
  const asks = step !== "in" || error !== null;
  return (
    <>
      {owner !== null && <Fragment key={owner}>{children}</Fragment>}
      {asks && owner === null && <Asked {...session} />}
      {asks && owner !== null && (
        <OverThePage label="Sign in again">
          <Asked {...session} />
        </OverThePage>
      )}
    </>
  );
}

function Asked({ owner, step, error, enter, follow }: ReturnType<typeof useSession>) {
  if (error !== null) {
    return <ProblemAlert title="It is not known who is signed in" error={error} retry={() => void enter()} />;
  }
  if (step === "looking" || step === "in") {
    return (
      <Center h="100vh">
        <Loader aria-label="Loading" />
      </Center>
    );
  }
  return (
    <Center mih="100vh" p="md" component="main">
      <Card withBorder w={380} maw="100%" p="lg">
        <Stack>
          <Title order={1} size="h3">
            {HEADINGS[step]}
          </Title>
          {owner !== null && <Text size="sm">Your session has ended. The page is as you left it.</Text>}
          <Questions key={step} step={step} onNext={follow} />
        </Stack>
      </Card>
    </Center>
  );
}

const HEADINGS: Record<cognito.Next, string> = {
  password: "Sign in to Skyburst",
  new_password: "Choose a password",
  code: "Enter the code of your authenticator",
  reset: "Forgot your password?",
  reset_code: "Choose a new password",
};
const BUTTONS: Record<cognito.Next, string> = {
  password: "Sign in",
  new_password: "Save and sign in",
  code: "Sign in",
  reset: "Send me a code",
  reset_code: "Save the password",
};

interface QuestionsProps {
  step: cognito.Next;
  onNext: (step: cognito.Next | "in") => Promise<void>;
}

function Questions({ step, onNext }: QuestionsProps) {
  const form = useForm({ mode: "uncontrolled", initialValues: { user: cognito.lastUser(), password: "", code: "" } });
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const asks = (one: "user" | "password" | "code") => ASKED[step].includes(one);
  return (
    <form
      onSubmit={form.onSubmit(async (values) => {
        setBusy(true);
        setError(null);
        try {
          await onNext(await cognito.answer(step, values));
        } catch (problem) {
          setError(problem);
        } finally {
          setBusy(false);
        }
      })}
    >
      <Stack>
        {error !== null && <ProblemAlert title="That did not work" error={error} />}
        {step === "new_password" && <Text size="sm">This is the first time that you sign in.</Text>}
        {step === "reset_code" && <Text size="sm">A code was sent to your e-mail address.</Text>}
        {asks("user") && (
          <TextInput
            label="Name or e-mail address"
            autoComplete="username"
            required
            key={form.key("user")}
            {...form.getInputProps("user")}
          />
        )}
        {asks("code") && (
          <TextInput
            label="Code"
            inputMode="numeric"
            autoComplete="one-time-code"
            required
            key={form.key("code")}
            {...form.getInputProps("code")}
          />
        )}
        {asks("password") && (
          <PasswordInput
            label={step === "password" ? "Password" : "New password"}
            autoComplete={step === "password" ? "current-password" : "new-password"}
            required
            key={form.key("password")}
            {...form.getInputProps("password")}
          />
        )}
        <Button type="submit" loading={busy}>
          {BUTTONS[step]}
        </Button>
        {step !== "new_password" && step !== "code" && (
          <Anchor
            component="button"
            type="button"
            size="sm"
            onClick={() => void onNext(step === "password" ? "reset" : "password")}
          >
            {step === "password" ? "Forgot your password?" : "Back"}
          </Anchor>
        )}
      </Stack>
    </form>
  );
}

const ASKED: Record<cognito.Next, readonly ("user" | "password" | "code")[]> = {
  password: ["user", "password"],
  new_password: ["password"],
  code: ["code"],
  reset: ["user"],
  reset_code: ["code", "password"],
};
