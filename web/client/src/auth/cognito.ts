import { Amplify } from "aws-amplify";
import {
  confirmResetPassword,
  confirmSignIn,
  fetchAuthSession,
  resetPassword,
  type SignInOutput,
  signIn,
  signOut,
  updatePassword,
} from "aws-amplify/auth";
import type { Config } from "../api/config";
import { Problem } from "../api/problem";
import type { Identity } from "../api/token";

/** What is asked of who signs in. */
export type Next = "password" | "new_password" | "code" | "reset" | "reset_code";

interface Answers {
  user: string;
  password: string;
  code: string;
}

let user = "";

/** Who tried to sign in last on this page. */
export function lastUser(): string {
  return user;
}

/** Get ready, before anything else. */
export function configure(auth: NonNullable<Config["auth"]>): void {
  const { userPoolId, userPoolClientId, endpoint } = auth;
  Amplify.configure({
    Auth: { Cognito: { userPoolId, userPoolClientId, ...(endpoint === null ? {} : { userPoolEndpoint: endpoint }) } },
  });
}

/** The claim `sub` of who is signed in; null when nobody is. */
export async function who(): Promise<string | null> {
  const token = (await fetchAuthSession()).tokens?.idToken;
  return token === undefined ? null : String(token.payload.sub);
}

/** Tokens of who is signed in, fresh ones when they are old. While nobody is any more, requests wait for `lost`. */
export function identity(lost: () => Promise<void>): Identity {
  const idToken = async () => {
    for (;;) {
      const found = (await fetchAuthSession()).tokens?.idToken;
      if (found !== undefined) return found;
      await lost();
    }
  };
  return {
    token: async () => (await idToken()).toString(),
    subject: async () => String((await idToken()).payload.sub),
  };
}

export async function leave(): Promise<void> {
  user = "";
  await signOut();
}

export async function changePassword(oldPassword: string, newPassword: string): Promise<void> {
  await updatePassword({ oldPassword, newPassword });
}

/** Answer what was asked for; says what comes next, or that one is in. */
export async function answer(asked: Next, { user: name, password, code }: Answers): Promise<Next | "in"> {
  switch (asked) {
    case "password":
      user = name;
      return next(await signIn({ username: name, password }));
    case "new_password":
      return next(await confirmSignIn({ challengeResponse: password }));
    case "code":
      return next(await confirmSignIn({ challengeResponse: code }));
    case "reset":
      user = name;
      await resetPassword({ username: name });
      return "reset_code";
    case "reset_code":
      await confirmResetPassword({ username: user, confirmationCode: code, newPassword: password });
      return next(await signIn({ username: user, password }));
  }
}

function next({ isSignedIn, nextStep }: SignInOutput): Next | "in" {
  if (isSignedIn) return "in";
  switch (nextStep.signInStep) {
    case "CONFIRM_SIGN_IN_WITH_NEW_PASSWORD_REQUIRED":
      return "new_password";
    case "CONFIRM_SIGN_IN_WITH_TOTP_CODE":
    case "CONFIRM_SIGN_IN_WITH_SMS_CODE":
    case "CONFIRM_SIGN_IN_WITH_EMAIL_CODE":
      return "code";
    case "RESET_PASSWORD":
      return "reset";
    default:
      throw new Problem(401, "sign_in", `this page cannot sign you in by ${nextStep.signInStep}: ask who runs it`);
  }
}
