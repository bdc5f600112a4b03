import { Alert, Button, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconSearch } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { useNavigate } from "react-router";
import type { About } from "../../../api/client";
import { Problem } from "../../../api/problem";
import { ProblemAlert } from "../../../components/Feedback";
import { Section } from "../../../components/Section";
import type { PartProps } from "../ImagePart";
import { misfit } from "../image/fit";
import type { Prepared } from "../MaskPart";
import { EstimateView, LimitsLeft } from "./EstimateView";
import { fieldOf } from "./fields";
import { send } from "./send";
import { specification } from "./specification";
import { useEstimate } from "./useEstimate";

interface StartPanelProps extends PartProps {
  /** The mask; null while there is no image. */
  prepared: Prepared | null;
  /** Whether the image cannot be shown. */
  unreadable: boolean;
  limits: About["limits"] | null;
  /** What the server objects to, by path, such as `parameters.xy_shift`; shown where these are asked for. */
  onProblems: (problems: Record<string, string>) => void;
}

/** What the search will take, and the button that starts it. */
export function StartPanel(props: StartPanelProps) {
  const { draft, change, analysis, libraries, chosen, prepared, limits, onProblems } = props;
  const navigate = useNavigate();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const pressed = useRef(false);
  const here = useHere();
  const stem = draft.image?.name.replace(/\.[a-z]+$/i, "") ?? "";
  const name = (draft.name ?? stem).trim() || stem;
  const searched = useMemo(
    () => ({ analysis, name, libraries: chosen, values: draft.values }),
    [analysis, name, chosen, draft.values],
  );
  const missing = missingOf(props);
  const mask = draft.image?.upload ?? null;
  const body = useMemo(
    () =>
      mask === null || chosen.length === 0 || libraries.length === 0
        ? null
        : specification({ ...searched, mask, negative: draft.negative?.upload ?? null }),
    [mask, chosen, libraries, searched, draft.negative],
  );
  const estimate = useEstimate(body);
  const refused = body !== null ? estimate.error : null;

  // The server checks the parameters whenever it estimates: what it objects to is shown where it is asked for.
  const objection = error ?? refused;
  useEffect(() => {
    const field = objection instanceof Problem ? fieldOf(objection, analysis) : null;
    onProblems(field === null || !(objection instanceof Problem) ? {} : { [field]: objection.message });
  }, [objection, analysis, onProblems]);

  const start = async () => {
    if (pressed.current || prepared === null || missing !== null) return;
    pressed.current = true;
    setBusy(true);
    setError(null);
    try {
      const job = await send({ draft, ...prepared, search: searched });
      void client.invalidateQueries({ queryKey: ["jobs"] });
      void client.invalidateQueries({ queryKey: ["about"] });
      if (here.current) navigate(`/jobs/${job.job_id}`);
      else notifications.show({ title: "The search was started", message: `${name} is among the jobs.` });
    } catch (problem) {
      setError(problem);
    } finally {
      pressed.current = false;
      setBusy(false);
    }
  };

  return (
    <Section title="Start">
      <Stack gap="sm">
        <TextInput
          label="Name"
          placeholder={stem || "Name of the search"}
          maxLength={200}
          value={draft.name ?? ""}
          onChange={(event) => change({ name: event.currentTarget.value || null })}
        />
        <EstimateView
          estimate={refused === null && body !== null ? (estimate.data ?? null) : null}
          working={body !== null && estimate.isFetching}
          missing={
            refused !== null
              ? "It cannot be told as long as something is wrong."
              : "Known once there are an image and a library."
          }
        />
        {limits !== null && <LimitsLeft limits={limits} />}
        {error !== null && (
          <ProblemAlert title="The search was not started; nothing is lost" error={error} retry={() => void start()} />
        )}
        {error === null && refused !== null && (
          <ProblemAlert title="The search cannot start like this" error={refused} />
        )}
        {missing !== null && prepared !== null && <Alert color="yellow">{missing}</Alert>}
        <Button
          size="md"
          leftSection={<IconSearch size={18} aria-hidden />}
          loading={busy}
          disabled={missing !== null}
          onClick={() => void start()}
          aria-describedby="search-missing"
        >
          Search
        </Button>
        <Text id="search-missing" size="sm" c="dimmed" hidden={missing === null || prepared !== null}>
          {missing ?? ""}
        </Text>
      </Stack>
    </Section>
  );
}

/** Whether the page is still there: somebody may have gone on to another one. */
function useHere() {
  const here = useRef(true);
  useEffect(() => {
    here.current = true;
    return () => {
      here.current = false;
    };
  }, []);
  return here;
}

/** Why the search cannot start yet, for people; null when it can. */
function missingOf({
  analysis,
  draft,
  libraries,
  chosen,
  prepared,
  unreadable,
  limits,
}: StartPanelProps): string | null {
  if (analysis.refused != null) return analysis.refused;
  if (draft.image === null) return "Choose an image first.";
  if (chosen.length === 0) return "Choose a library.";
  const picked = libraries.filter((one) => chosen.includes(one.id));
  const wrong = misfit(draft.image, picked, libraries);
  if (wrong !== null) return `The image does not fit. ${wrong.detail}`;
  if (prepared === null && unreadable) return "The image cannot be shown: choose another one.";
  if (prepared === null) return "The image is being loaded.";
  if (prepared.obstacle !== null) return prepared.obstacle;
  if (limits?.jobs_per_day != null && limits.jobs_today >= limits.jobs_per_day) {
    return `You have started ${limits.jobs_today} jobs in 24 hours, and no more are allowed: wait, or ask an administrator.`;
  }
  return null;
}
