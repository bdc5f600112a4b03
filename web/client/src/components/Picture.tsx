import { useQuery } from "@tanstack/react-query";
import { type CSSProperties, type ImgHTMLAttributes, useEffect, useLayoutEffect, useRef, useState } from "react";
import { problemOf, unreachable } from "../api/problem";
import { authorizedFetch, needsToken } from "../api/token";

/**
 * The address of a picture of the API as a page can show it: itself, or, where requests need a token, that of its bytes,
 * which are fetched and kept while somebody shows them. Undefined while there is none; with the error, when there will be none.
 */
export function usePicture(path: string | null): { address?: string | undefined; error?: Error | null } {
  const fetched = useQuery({
    queryKey: ["picture", path],
    queryFn: ({ signal }) => fetchBlob(path as string, signal),
    enabled: path !== null && needsToken(),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  });
  const blob = fetched.data;
  const [address, setAddress] = useState<string>();
  useLayoutEffect(() => {
    if (blob === undefined) return undefined;
    const made = URL.createObjectURL(blob);
    setAddress(made);
    return () => {
      setAddress(undefined);
      URL.revokeObjectURL(made);
    };
  }, [blob]);
  if (path === null) return {};
  return needsToken() ? { address, error: fetched.error } : { address: path };
}

/** The bytes of a picture or file of the API. Throws a Problem. */
export async function fetchBlob(path: string, signal?: AbortSignal): Promise<Blob> {
  let response: Response;
  try {
    response = await authorizedFetch(new URL(path, location.href).href, { signal: signal ?? null });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw unreachable();
  }
  if (!response.ok) throw problemOf(response.status, await response.json().catch(() => null));
  return response.blob();
}

interface PictureProps extends Omit<ImgHTMLAttributes<HTMLImageElement>, "src" | "alt" | "onError"> {
  /** Path in the API, see `apiPath`; null while it is not known. */
  path: string | null;
  alt: string;
  style?: CSSProperties;
  /** It cannot be shown. */
  onError?: () => void;
}

/** A picture of the API; dark until it is there. */
export function Picture({ path, alt, style, onError, ...rest }: PictureProps) {
  const { address, error } = usePicture(path);
  const failed = useRef(onError);
  useEffect(() => {
    failed.current = onError;
  });
  useEffect(() => {
    if (error) failed.current?.();
  }, [error]);
  const box = { background: "#000", ...style };
  if (address === undefined) return <div role="img" aria-label={alt} style={box} />;
  return (
    <img
      loading="lazy"
      decoding="async"
      draggable={false}
      {...rest}
      onError={() => onError?.()}
      src={address}
      alt={alt}
      style={box}
    />
  );
}
