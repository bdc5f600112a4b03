import { useEffect, useRef, useState } from "react";
import type { Library } from "../../../api/client";
import { uploadFile } from "../../../api/uploads";
import { useLeaving } from "../../../components/Leaving";
import type { UploadedImage } from "../draft";
import { shown } from "../loadSource";
import { type Misfit, misfit } from "./fit";
import { readHeader, WrongImage } from "./headers";

/** A file that was refused, why, and what could be done about it. */
export interface Refused {
  file: File;
  detail: string;
  /** Ids of libraries that it would fit; with these it is taken. */
  fitting: string[];
}

export interface PickState {
  /** Share of the bytes that are uploaded, 0 to 1; null while nothing is. */
  progress: number | null;
  name: string;
  refused: Refused | null;
  /** What the server, or the way to it, objected to, with the file, which is sent again by `again`. */
  failed: { file: File; error: unknown } | null;
}

const IDLE: PickState = { progress: null, name: "", refused: null, failed: null };

/**
 * Takes a file: looks at once whether it can be searched with, then uploads it.
 *
 * Args: `onPicked` is told the upload, and for which libraries it was looked at.
 */
export function usePick(libraries: Library[], onPicked: (image: UploadedImage, libraries: string[]) => void) {
  const [state, setState] = useState<PickState>(IDLE);
  const upload = useRef<AbortController | null>(null);
  useLeaving(state.progress !== null);
  useEffect(() => () => upload.current?.abort(), []);

  const pick = async (file: File, chosen: string[]) => {
    upload.current?.abort();
    const own = new AbortController();
    upload.current = own;
    const refuse = (detail: string, fitting: string[] = []) =>
      setState({ ...IDLE, refused: { file, detail, fitting } });
    try {
      const header = await readHeader(file);
      const wrong: Misfit | null = misfit(
        header,
        libraries.filter((one) => chosen.includes(one.id)),
        libraries,
      );
      if (wrong !== null) {
        refuse(wrong.detail, wrong.fitting);
        return;
      }
    } catch (error) {
      if (error instanceof WrongImage) refuse(error.message);
      else setState({ ...IDLE, failed: { file, error } }); // such as a file that was moved away
      return;
    }
    setState({ ...IDLE, progress: 0, name: file.name });
    const [library] = chosen;
    try {
      const done = await uploadFile(file, {
        purpose: "image",
        ...(library === undefined ? {} : { library }),
        onProgress: (progress) => !own.signal.aborted && setState((now) => ({ ...now, progress })),
        signal: own.signal,
      });
      setState(IDLE);
      onPicked(shown(done), chosen);
    } catch (error) {
      if (!own.signal.aborted) setState({ ...IDLE, failed: { file, error } });
    }
  };

  const cancel = () => {
    upload.current?.abort();
    setState(IDLE);
  };
  return { state, pick, cancel, forget: () => setState(IDLE) };
}

export type Pick = ReturnType<typeof usePick>;
