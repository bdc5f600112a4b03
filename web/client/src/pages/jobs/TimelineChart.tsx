import { Button, Group, useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { IconDownload } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import embed, { type Result } from "vega-embed";
import { expressionInterpreter } from "vega-interpreter";
import { ProblemAlert } from "../../components/Feedback";
import { saveBlob } from "../analyses/files/download";
import { fitted } from "./chart";
import classes from "./TimelinePanel.module.css";

interface TimelineChartProps {
  specification: Record<string, unknown>;
  jobId: string;
}

/** The picture of a timeline. Loaded only with it: what draws it is large. */
export default function TimelineChart({ specification, jobId }: TimelineChartProps) {
  const dark = useComputedColorScheme("light") === "dark";
  const { ref: measured, width } = useElementSize();
  const place = useRef<HTMLDivElement>(null);
  const drawn = useRef<Result>(null);
  const [failed, setFailed] = useState<unknown>(null);
  const across = Math.round(width / 20) * 20; // not drawn anew with each pixel while a window is drawn larger

  useEffect(() => {
    if (place.current === null || across === 0) return undefined;
    let left = false;
    // The page may not make code out of text, which Vega does unless its expressions are interpreted.
    embed(place.current, fitted(specification, across, dark), {
      actions: false,
      renderer: "svg",
      ast: true,
      expr: expressionInterpreter,
      tooltip: { theme: dark ? "dark" : "light" },
    })
      .then((result) => {
        if (left) result.finalize();
        else {
          drawn.current = result;
          setFailed(null);
        }
      })
      .catch(setFailed);
    return () => {
      left = true;
      drawn.current?.finalize();
      drawn.current = null;
    };
  }, [specification, across, dark]);

  const save = async (kind: "svg" | "png") => {
    const view = drawn.current?.view;
    if (view === undefined) return;
    const picture =
      kind === "svg" ? new Blob([await view.toSVG()], { type: "image/svg+xml" }) : await pngOf(await view.toCanvas(2));
    saveBlob(`${jobId}-timeline.${kind}`, picture);
  };
  return (
    <>
      <Group justify="flex-end" gap="xs" mb="xs">
        {(["svg", "png"] as const).map((kind) => (
          <Button
            key={kind}
            size="compact-sm"
            variant="default"
            leftSection={<IconDownload size={14} aria-hidden />}
            onClick={() => void save(kind).catch(setFailed)}
          >
            {kind.toUpperCase()}
          </Button>
        ))}
      </Group>
      {failed !== null && <ProblemAlert title="The picture cannot be drawn" error={failed} />}
      <div ref={measured} className={classes.chart}>
        <div ref={place} aria-hidden />
      </div>
    </>
  );
}

function pngOf(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob === null ? reject(new Error("the picture is too large for a PNG")) : resolve(blob))),
  );
}
