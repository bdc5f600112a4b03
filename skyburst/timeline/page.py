"""The page of a timeline: one HTML file that needs nothing but a browser."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from string import Template

from skyburst.contracts.records import ENVIRONMENTS
from skyburst.contracts.spans import Part
from skyburst.timeline.chart import chart, drawn
from skyburst.timeline.drawing import script
from skyburst.timeline.numbers import numbers_of
from skyburst.timeline.stages import Stage, Timeline

MOST_LISTED = 50
"""Stragglers and failed batches that are listed, the longest first."""
PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'; img-src data: blob:">
<title>$title</title>
<style>
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem; font: 15px/1.5 system-ui, sans-serif; color: #1c2733; background: #fff }
h1 { font-size: 1.4rem; margin: 0 } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
p { margin: .4rem 0; color: #4a5663 }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .8rem .25rem 0; text-align: right; white-space: nowrap; border-bottom: 1px solid #e6e9ed }
th:first-child, td:first-child, .text { text-align: left; white-space: normal; overflow-wrap: anywhere }
@media print { .wide { overflow: visible } }
</style>
</head>
<body>
<h1>$title</h1>
$facts
<h2>What happened when</h2>
<p>Above: how many workers were running. Below: the parts of the engine, and a bar for each batch in the $lane that ran it.
Point at a bar to read it.$sampled</p>
<div class="wide"><div id="chart" role="img" aria-label="Timeline of the job"></div></div>
<h2>Numbers</h2>
<div class="wide">$numbers</div>
$listed
<script type="application/json" id="specification">$specification</script>
<script>$script</script>
</body>
</html>
""")


def page(timeline: Timeline) -> str:
    """The page as HTML. Raises Invalid when what draws is not installed."""
    job = timeline.job
    numbers = [
        [entry.stage, f"{entry.number:,}", *(f"{value:,.3f}" for value in entry[2:])] for entry in numbers_of(timeline)
    ]
    shown, batches = drawn(timeline)
    sampled = (
        f" {shown:,} of the {batches:,} batches are drawn: all that are unlike the others." if shown < batches else ""
    )
    return PAGE.substitute(
        title=html.escape(f"Timeline of job {job.job_id}"),
        facts="".join(f"<p>{html.escape(fact)}</p>" for fact in facts(timeline)),
        lane=_lane(timeline),
        sampled=sampled,
        numbers=_table(["stage", "number", "mean s", "median s", "std s", "min s", "max s"], numbers),
        listed=_listed(timeline),
        specification=json.dumps(chart(timeline)).replace("<", "\\u003c"),
        script=script(),
    )


def facts(timeline: Timeline) -> list[str]:
    """The job in a few sentences."""
    job, workers = timeline.job, timeline.of(Part.WORKER)
    began = datetime.fromtimestamp(timeline.began_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    busy = sum(stage.seconds for stage in workers)
    wall = timeline.ended_at - timeline.began_at
    lines = [
        f"Analysis {job.analysis['name']} {job.analysis['version']} at home {timeline.home}; {job.state}"
        + (f": {job.reason}" if job.reason else ""),
        f"Run {job.runs} began at {began} and took {wall:,.1f} s; {len(workers):,} batches kept workers busy for {busy:,.1f} s"
        + (f", {busy / wall:,.1f} at a time on average." if wall > 0 else "."),
    ]
    away = sum(stage.lane == ENVIRONMENTS for stage in workers)
    fell = ((job.outcome or {}).get("environments") or {}).get("fell_back", 0)
    if away:
        lines.append(f"{away:,} of these batches ran in environments.")
    if fell:
        lines.append(f"{fell:,} batches had run out of time or memory in functions, and ran once more in environments.")
    stragglers = sum(stage.straggler for stage in workers)
    if stragglers:
        lines.append(f"{stragglers:,} stragglers: they ran much longer than the median batch.")
    if timeline.earlier:
        lines.append(f"{timeline.earlier:,} batches had ended in earlier runs, and are not shown.")
    if timeline.unknown:
        lines.append(f"Of {timeline.unknown:,} batches the times are not known.")
    return lines


def _listed(timeline: Timeline) -> str:
    unlike = [stage for stage in timeline.of(Part.WORKER) if stage.straggler or stage.reason]
    if not unlike:
        return ""
    unlike.sort(key=lambda stage: -stage.seconds)
    rows = [_row(stage) for stage in unlike[:MOST_LISTED]]
    more = f"<p>and {len(unlike) - MOST_LISTED:,} more</p>" if len(unlike) > MOST_LISTED else ""
    table = _table(["batch", _lane(timeline), "attempt", "queued s", "cold start s", "ran s", "state"], rows)
    return f'<h2>Stragglers and failed batches</h2><div class="wide">{table}</div>{more}'


def _lane(timeline: Timeline) -> str:
    return "process" if timeline.home == "local" else "lane"


def _row(stage: Stage) -> list[str]:
    state = stage.reason or str(stage.state or "")
    lane = "environment" if stage.lane == ENVIRONMENTS else str(stage.lane)
    return [
        str(stage.batch), lane, str(stage.attempt), f"{stage.queued_s:,.3f}", f"{stage.cold_s:,.3f}",
        f"{stage.seconds:,.3f}", state,
    ]  # fmt: skip


def _table(heads: list[str], rows: Iterable[list[str]]) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
