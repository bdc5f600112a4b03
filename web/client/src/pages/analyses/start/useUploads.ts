import { useCallback, useEffect, useRef, useState } from "react";
import { api } from "../../../api/client";
import { uploadFile } from "../../../api/uploads";

export interface UploadState {
  state: "waiting" | "sending" | "complete" | "stopped" | "failed";
  /** Of the bytes that the server has, 0 to 1. */
  share: number;
  /** Why it failed. */
  problem: string | null;
  /** `upload:ID` when it is complete. */
  at: string | null;
}

export interface Uploads {
  /** By the keys of sources. */
  states: Record<string, UploadState>;
  begin: (files: readonly { key: string; file: File }[]) => void;
  stop: (key: string) => void;
  /** Go on with one that was stopped or has failed: what the server has is not sent again. */
  again: (key: string) => void;
  /** Forget one, here and on the server. */
  remove: (key: string) => void;
}

const AT_ONCE = 2;
const WAITING: UploadState = { state: "waiting", share: 0, problem: null, at: null };

/** Uploads of the files of a job, a few at a time. `refused` is told why one could not be removed. */
export function useUploads(refused: (error: unknown) => void): Uploads {
  const [states, setStates] = useState<Record<string, UploadState>>({});
  const files = useRef(new Map<string, File>());
  const waiting = useRef<string[]>([]);
  const running = useRef(new Map<string, AbortController>());
  const complete = useRef(new Map<string, string>());

  const set = useCallback((key: string, change: Partial<UploadState>) => {
    setStates((old) => ({ ...old, [key]: { ...(old[key] ?? WAITING), ...change } }));
  }, []);

  const send = useCallback(
    async (key: string, file: File, controller: AbortController) => {
      const { signal } = controller;
      set(key, { state: "sending", problem: null });
      try {
        const upload = await uploadFile(file, {
          purpose: "data",
          signal,
          onProgress: (share) => signal.aborted || set(key, { share }),
        });
        if (signal.aborted) return;
        complete.current.set(key, upload.id);
        set(key, { state: "complete", share: 1, at: `upload:${upload.id}` });
      } catch (error) {
        if (!signal.aborted)
          set(key, { state: "failed", problem: error instanceof Error ? error.message : String(error) });
      }
    },
    [set],
  );

  const next = useCallback(() => {
    while (running.current.size < AT_ONCE) {
      const key = waiting.current.shift();
      if (key === undefined) return;
      const file = files.current.get(key);
      if (file === undefined) continue;
      const controller = new AbortController();
      running.current.set(key, controller);
      void send(key, file, controller).finally(() => {
        if (running.current.get(key) === controller) running.current.delete(key);
        next();
      });
    }
  }, [send]);

  const end = useCallback((key: string) => {
    waiting.current = waiting.current.filter((one) => one !== key);
    running.current.get(key)?.abort();
    running.current.delete(key);
  }, []);

  const again = useCallback(
    (key: string) => {
      set(key, { state: "waiting", problem: null });
      waiting.current.push(key);
      next();
    },
    [set, next],
  );

  useEffect(() => {
    const { current } = running;
    return () => {
      waiting.current = [];
      for (const controller of current.values()) controller.abort();
      current.clear();
    };
  }, []);

  return {
    states,
    begin: useCallback(
      (added) => {
        for (const { key, file } of added) {
          files.current.set(key, file);
          again(key);
        }
      },
      [again],
    ),
    stop: useCallback(
      (key) => {
        end(key);
        set(key, { state: "stopped" });
        next();
      },
      [end, set, next],
    ),
    again,
    remove: useCallback(
      (key) => {
        end(key);
        files.current.delete(key);
        setStates(({ [key]: _, ...others }) => others);
        const upload = complete.current.get(key);
        if (upload !== undefined) {
          complete.current.delete(key);
          api.DELETE("/api/uploads/{upload}", { params: { path: { upload } } }).catch(refused);
        }
        next();
      },
      [end, next, refused],
    ),
  };
}
