import { useQuery } from "@tanstack/react-query";
import { apiPath } from "../../../api/client";
import { fetchBlob } from "../../../components/Picture";
import { decodePng, type Pixels } from "./png";

/** Path of the picture of a channel of an upload, counted from 1. */
export function picturePath(upload: string, channel: number): string {
  return `${apiPath("uploads", upload, "picture")}?channel=${channel}`;
}

/** The pixels of a channel of an upload, if there is one; they do not change. */
export function usePixels(upload: string | null, channel: number) {
  return useQuery({
    queryKey: ["uploads", "pixels", upload, channel],
    queryFn: async ({ signal }): Promise<Pixels> => {
      const blob = await fetchBlob(picturePath(upload ?? "", channel), signal);
      return decodePng(new Uint8Array(await blob.arrayBuffer()));
    },
    enabled: upload !== null,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    structuralSharing: false, // arrays of pixels are not compared one by one
  });
}
