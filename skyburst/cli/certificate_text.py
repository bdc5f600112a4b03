"""A certificate as text, to read, print and keep with a paper."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from skyburst.cli.text import columns, counted, duration, printable, shortened, size
from skyburst.contracts.dataset import not_delivered

RULE = "=" * 100
MOST_SHOWN = 1_000
"""Characters of a value."""
Certificate = Mapping[str, Any]


def certificate_text(certificate: Certificate) -> str:
    """A certificate in the format of this version, as text of lines that fit a page."""
    job, analysis = certificate["job"], certificate["analysis"]
    head = [RULE, f"CERTIFICATE of job {printable(job['job_id'])}", RULE]
    sections = [
        ("Job", _job(job, certificate["counts"])),
        ("Analysis", _analysis(analysis, certificate["machines"])),
        (f"Parameters (sha256 {certificate['config_digest']})", _parameters(certificate["parameters"])),
        ("Inputs", _inputs(certificate)),
        ("Outputs", _outputs(certificate)),
        ("Datasets", _datasets(certificate["datasets"])),
        ("Missing from the result", _missing(certificate["missing"])),
        ("Times (UTC) and cost", _times(certificate["times"], certificate["cost"])),
        ("Software", _software(certificate["environment"])),
    ]
    lines = [line for title, body in sections if body for line in ["", title, "-" * len(title), *body]]
    return "\n".join([*head, *lines, "", RULE, f"certificate format {certificate['certificate']}"])


def _job(job: Certificate, counts: Certificate) -> list[str]:
    given = job["specification"]
    facts = [
        ("state", f"{job['state']}{': ' if job['reason'] else ''}{job['reason']}"),
        ("name", given.get("name")),
        ("group", given.get("group")),
        ("user", given.get("user")),
        ("labels", ", ".join(f"{key}={value}" for key, value in given.get("labels", {}).items())),
        ("batches", f"{counts['done']:,} of {counted(counts['batches'], 'batch', 'batches')} done, {counts['failed']:,} failed"),
        ("items", f"{counts['items_done']:,} done, {counts['item_errors']:,} could not be used"),
        ("runs", str(job["runs"])),
    ]  # fmt: skip
    return _facts(facts)


def _analysis(analysis: Certificate, machines: Certificate) -> list[str]:
    facts = [
        ("analysis", f"{analysis['name']} {analysis['version']}"),
        ("location", analysis["location"]),
        ("code", f"sha256 {analysis['digest']}"),
        *(("then code", f"sha256 {digest}") for digest in analysis.get("later_digests", [])),
        ("blueprint", f"sha256 {analysis['blueprint_digest']}"),
        ("image", machines["image"]),
        ("pricing", machines["pricing"]),
        ("instances", instances_text(machines["instances"])),
    ]
    return _facts(facts)


def _parameters(parameters: Certificate) -> list[str]:
    return _facts([(name, _short(value)) for name, value in parameters.items()])


def _inputs(certificate: Certificate) -> list[str]:
    items = certificate["items"]
    lines = [] if items["count"] is None else _facts([("items", f"{items['count']:,}, digest {items['digest']}")])
    rows = [
        [f"  {entry['parameter']}", printable(entry["location"]), _size(entry["size"]), _checksum(entry)]
        for entry in certificate["inputs"]
    ]
    return [*lines, *(columns(rows, right=frozenset({2})) if rows else [])]


def _outputs(certificate: Certificate) -> list[str]:
    result = certificate["result"]
    if result["files"] is None:
        return ["  none: the job has no result"]
    rows = [["  result.json", _size(result["size"]), _checksum(result)]]
    rows += [[f"  {printable(file['name'])}", _size(file["size"]), _checksum(file)] for file in result["files"]]
    return columns(rows, right=frozenset({1}))


def _datasets(datasets: list[Certificate]) -> list[str]:
    lines = []
    for entry in datasets:
        took = f", {duration(entry['seconds'])}" if entry.get("seconds") is not None else ""
        named = printable(str(entry.get("dataset", entry["number"])))
        lines.append(f"  {named}: {entry.get('state', 'unknown')}{took}, config sha256 {entry.get('config_digest')}")
        rows = [
            ["    read", printable(i["location"]), _size(i.get("size")), _checksum(i)] for i in entry.get("inputs", [])
        ]
        rows += [
            ["    wrote", printable(f["name"]), _size(f.get("size")), _checksum(f)] for f in entry.get("files", [])
        ]
        lines += columns(rows, right=frozenset({2})) if rows else []
        lines += [f"    not delivered: {printable(shortened(said, 300))}" for said in not_delivered(entry)]
    return lines


def _missing(missing: list[list[Any]]) -> list[str]:
    return [f"  batches {first}-{last}: {shortened(str(reason), 300)}" for first, last, _, _, reason in missing]


def _times(times: Certificate, cost: Certificate) -> list[str]:
    facts = [(name, times.get(name)) for name in ("created", "started", "finished")]
    facts += [(entry["phase"], duration(entry["seconds"])) for entry in times["phases"]]
    facts.append(("worked", f"{duration(times.get('worker_seconds', 0.0))} over all workers"))
    amount = cost["amount"]
    facts.append(("cost", "not known" if amount is None else f"{amount:.4f} {cost['currency']}"))
    return _facts(facts)


def _software(environment: Certificate) -> list[str]:
    facts = [(name, environment.get(name)) for name in ("home", "skyburst", "python", "system", "digest")]
    packages = ", ".join(f"{name} {version}" for name, version in environment.get("packages", {}).items())
    return _facts([*facts, ("packages", packages)])


def _facts(facts: list[tuple[str, Any]]) -> list[str]:
    widest = max((len(name) for name, _ in facts), default=0)
    return [f"  {printable(name):<{widest}}  {shortened(str(value), MOST_SHOWN)}" for name, value in _given(facts)]


def _given(facts: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, value in facts if value not in (None, ""))


def instances_text(instances: list[Any]) -> str:
    """Such as `2 m5.large, 1 m5.large (spot)`; the JSON form has each."""
    kinds = Counter(
        f"{one.get('type')}{' (spot)' if one.get('spot') else ''}" if isinstance(one, dict) else str(one)
        for one in instances
    )
    return ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _size(count: int | None) -> str:
    return "" if count is None else size(count)


def _checksum(entry: Certificate) -> str:
    if entry.get("sha256"):
        return f"sha256 {entry['sha256']}"
    version = entry.get("version") or {}
    told = ", ".join(f"{name} {value}" for name, value in version.items() if value)
    return told or f"no checksum: {shortened(entry.get('reason') or 'none was recorded', 200)}"
