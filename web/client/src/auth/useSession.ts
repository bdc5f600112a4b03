import { modals } from "@mantine/modals";
import { notifications } from "@mantine/notifications";
import { useCallback, useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { Config } from "../api/config";
import { queryClient } from "../api/queries";
import { setIdentity } from "../api/token";
import { setAccount } from "./account";
import { claim, forget, OWNER } from "./belongings";
import * as cognito from "./cognito";
import { signedOut, Waiting } from "./waiting";

type Step = "looking" | "in" | cognito.Next;

/**
 * Who is signed in, and what is asked of who is not.
 *
 * While a session has ended its pages stay, and their requests wait for the same person. Who signs out, or signs in after somebody
 * else, leaves or finds nothing.
 */
export function useSession(auth: NonNullable<Config["auth"]>) {
  /** Whose pages there are, as the claim `sub`; null when there are none. */
  const [owner, setOwner] = useState<string | null>(null);
  const [step, setStep] = useState<Step>("looking");
  const [error, setError] = useState<unknown>(null);
  const shown = useRef<string | null>(null);
  const [waiting] = useState(() => new Waiting());

  const show = useCallback(
    (next: string | null) => {
      if (next === shown.current) return;
      flushSync(() => setOwner(null)); // from now on no page keeps anything
      shown.current = next;
      waiting.giveUp();
      queryClient.removeQueries({ predicate: (query) => query.queryKey[0] !== "config" });
      queryClient.getMutationCache().clear();
      notifications.clean();
      notifications.cleanQueue();
      modals.closeAll();
      document.title = "Skyburst";
      if (next !== null) for (const storage of [localStorage, sessionStorage]) claim(storage, next);
      setOwner(next);
    },
    [waiting],
  );

  const enter = useCallback(async () => {
    setError(null);
    try {
      const known = await cognito.who();
      if (known !== null) {
        show(known);
        waiting.goOn();
        setStep("in");
        return;
      }
      if (localStorage.getItem(OWNER) === null) {
        show(null); // nobody's session has ended: in another tab, somebody signed out
        forget(sessionStorage);
      }
      setStep((now) => (now === "in" || now === "looking" ? "password" : now));
    } catch (problem) {
      setError(problem);
    }
  }, [show, waiting]);

  useEffect(() => {
    const lost = () => {
      if (shown.current === null) return Promise.reject(signedOut());
      const again = waiting.wait();
      void enter();
      return again;
    };
    const signOut = async () => {
      await cognito.leave();
      show(null);
      forget(localStorage);
      forget(sessionStorage);
      setStep("password");
    };
    cognito.configure(auth);
    setIdentity(cognito.identity(lost));
    setAccount({ signOut, changePassword: cognito.changePassword });
    void enter();
  }, [auth, enter, show, waiting]);

  useEffect(() => {
    const hear = ({ key, newValue }: StorageEvent) => {
      if (key === OWNER && newValue !== shown.current) void enter(); // somebody signed in or out in another tab
    };
    window.addEventListener("storage", hear);
    return () => window.removeEventListener("storage", hear);
  }, [enter]);

  const follow = useCallback(async (next: cognito.Next | "in") => (next === "in" ? enter() : setStep(next)), [enter]);
  return { owner, step, error, enter, follow };
}
