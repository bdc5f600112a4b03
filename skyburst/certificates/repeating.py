"""Run a job again from its certificate: the same specification, and what differs now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from skyburst.errors import AnalysisNotFound
from skyburst.finding import Found, find_analysis

JOB_FIELDS = ("max_parallelism", "timeout_s", "tolerated_failure_percent")
DEPLOYED = "analysis"
"""Location of an analysis in its functions: no folder of this machine."""
Certificate = Mapping[str, Any]


def locate(certificate: Certificate) -> Found:
    """The analysis of a certificate: where it was, else the one of its name.

    Raises:
        AnalysisNotFound: when there is neither.
    """
    location, name = certificate["analysis"]["location"], certificate["analysis"]["name"]
    try:
        return find_analysis(location)
    except AnalysisNotFound as error:
        try:
            return find_analysis(name)
        except AnalysisNotFound:
            raise AnalysisNotFound(
                f"analysis {name!r} of the certificate is neither in {location}, where it was, nor to be found by name"
            ) from error


def specification_again(certificate: Certificate, found: Found) -> dict[str, Any]:
    """The specification that repeats a job: all parameters and limits as they were, defaults of that time included."""
    earlier = certificate["job"]["specification"]
    defaults = certificate["analysis"]["blueprint"]["job"]
    document = {field: earlier[field] for field in ("items", "name", "labels") if field in earlier}
    document["analysis"] = str(found.location)
    if certificate["analysis"]["blueprint"].get("next"):
        document["next"] = False  # it is one job that is repeated and compared
    for field in JOB_FIELDS:
        value = earlier.get(field, defaults.get(field))
        if value is not None:
            document[field] = value
    plan = certificate.get("plan")
    if plan and len({size for _, size in plan.get("joined", ())}) <= 1:
        document["batch_size"] = plan["batch_size"]  # sums of floating-point numbers depend on it
    given = earlier.get("parameters", {})
    document["parameters"] = {
        # One without a default that was not given is null, which its own declaration may refuse.
        name: value for name, value in certificate["parameters"].items() if value is not None or name in given
    }  # fmt: skip
    return document


def differences_before(
    certificate: Certificate, now: Mapping[str, Any], environment: Mapping[str, Any] | None
) -> list[str]:
    """What is known to differ before the job runs again: the analysis, its code, and the environment if it is known."""
    analysis = certificate["analysis"]
    compared = [
        ("the blueprint's version", analysis["version"], now["version"]),
        ("the digest of the analysis' code", analysis["digest"], now["digest"]),
    ]
    if DEPLOYED not in (analysis["location"], now["location"]):
        compared.insert(0, ("the analysis' location", analysis["location"], now["location"]))
    differing = _differing(compared)
    return differing if environment is None else differing + differences_in_environment(certificate, environment)


def differences_in_environment(certificate: Certificate, environment: Mapping[str, Any]) -> list[str]:
    """How the environment differs: skyburst, the interpreter, the system, the packages."""
    then = certificate["environment"]
    compared = [
        ("skyburst", then.get("skyburst"), environment["skyburst"]),
        ("Python", then.get("python"), environment["python"]),
        ("the system", then.get("system"), environment["system"]),
    ]
    compared += [
        (f"package {name}", version, environment["packages"].get(name))
        for name, version in then.get("packages", {}).items()
    ]
    return _differing(compared)


def differences_in_items(certificate: Certificate, source: Mapping[str, Any] | None, count: int) -> list[str]:
    """How the items differ, known when the job is planned."""
    earlier = certificate["items"]
    return _differing([
        ("the number of items", earlier["count"], count),
        ("the items", _content(earlier["source"]), _content(source)),
    ])  # fmt: skip


def differences_in_inputs(certificate: Certificate, now: Certificate) -> list[str]:
    """Which inputs are not what they were, by checksums, versions or sizes in the certificates of both jobs."""
    then, new = (list(_inputs(found)) for found in (certificate, now))
    found = {what: content for what, _, content in new}
    return [
        f"input {what} ({location}): {_content_words(content)} then, {_content_words(found[what])} now"
        for what, location, content in then
        if what in found and _differs(content, found[what])
    ]


def _inputs(certificate: Certificate) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """What names each input, in both certificates alike; where it is; and what is known of its content."""
    number: Counter[str] = Counter()
    for entry in certificate["inputs"]:
        number[entry["parameter"]] += 1
        yield f"{entry['parameter']} {number[entry['parameter']]}", entry["location"], entry
    for dataset in certificate["datasets"]:
        name = f"of dataset {dataset['number']}, {dataset.get('dataset', dataset['number'])}"
        if dataset.get("config_digest"):
            config = dataset.get("config")
            yield (
                f"config {name}",
                config if isinstance(config, str) else "parameters",
                {"sha256": dataset["config_digest"]},
            )
        for place, entry in enumerate(dataset.get("inputs", []), start=1):
            yield f"data {place} {name}", entry["location"], entry


def _differs(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether contents are known to differ."""
    if before.get("sha256") and now.get("sha256"):
        return bool(before["sha256"] != now["sha256"])
    if None not in (before.get("size"), now.get("size")) and before["size"] != now["size"]:
        return True
    versions = [(entry.get("version") or {}).get("etag") for entry in (before, now)]
    return None not in versions and versions[0] != versions[1]


def _content_words(entry: Mapping[str, Any]) -> str:
    if entry.get("sha256"):
        return f"sha256 {entry['sha256']}"
    return ", ".join(
        f"{name} {value}"
        for name, value in (("version", (entry.get("version") or {}).get("etag")), ("size", entry.get("size")))
        if value is not None
    )


def _content(source: Mapping[str, Any] | None) -> Any:
    """What the items are, wherever they are stored."""
    match source:
        case {"manifest": {"digest": digest}}:
            return digest
        case {"joined": [*parts]}:
            return [_content(part) for part in parts]
        case {"range": [start, end]}:
            return f"{start}:{end}"
    return None


def _differing(compared: list[tuple[str, Any, Any]]) -> list[str]:
    return [f"{what}: {before} then, {now} now" for what, before, now in compared if before != now]
