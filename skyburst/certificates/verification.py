"""Compare a certificate with what there is now: outputs, inputs and code."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from skyburst.contracts.dataset import DELIVERED, dataset_prefix
from skyburst.engine.combine import FILES, RESULT
from skyburst.engine.evidence import look_at
from skyburst.environments.inputs import look_again
from skyburst.environments.reading import folder_names
from skyburst.errors import AnalysisNotFound, ObjectNotFound, SkyburstError
from skyburst.finding import find_analysis
from skyburst.ports import Objects

DATASET_OUTPUT = re.compile(r"datasets/\d{8}/results/")
READ_BYTES = 1 << 20
Certificate = Mapping[str, Any]
Digest = Callable[[str], str]
"""SHA-256 of an output by its name. Raises ObjectNotFound, or FileNotFoundError, when it is not there."""


class Verdict(StrEnum):
    """What is said of one thing."""

    SAME = "same"
    CHANGED = "changed"
    MISSING = "missing"
    UNKNOWN = "unknown"
    """Nothing was recorded to compare with, or it cannot be looked at from here."""


class Finding(NamedTuple):
    """One thing that a certificate names."""

    kind: str
    """`output`, `input`, `analysis` or `blueprint`."""
    name: str
    verdict: Verdict
    detail: str = ""


def verify(certificate: Certificate, digest: Digest) -> Iterator[Finding]:
    """Everything that a certificate names, and whether it is as it was.

    Args:
        certificate: in the format of this version.
        digest: of outputs by the names that `outputs_of` gives them.
    """
    for name, recorded in outputs_of(certificate):
        yield _output(name, recorded, digest)
    for entry in certificate["inputs"]:
        yield _input(f"{entry['parameter']}: {entry['location']}", entry)
    for dataset in certificate["datasets"]:
        name, config = dataset.get("dataset", dataset["number"]), dataset.get("config")
        if isinstance(config, str) and dataset.get("config_digest"):
            yield _data(f"{name}: {config}", config, dataset["config_digest"])
        for entry in dataset.get("inputs", []):
            title = f"{name}: {entry['location']}"
            if "://" in entry["location"]:  # of what may be very much, elsewhere, only what is there is asked
                yield _input(title, entry)
            else:
                yield _data(title, entry["location"], entry["sha256"])
    yield from _analysis(certificate["analysis"])


def outputs_of(certificate: Certificate) -> Iterator[tuple[str, str | None]]:
    """Names and recorded SHA-256 of the outputs: `result.json`, result files, `datasets/NUMBER/results/NAME`."""
    if certificate["result"]["files"] is not None:
        yield RESULT, certificate["result"]["sha256"]
        for file in certificate["result"]["files"]:
            yield file["name"], file["sha256"]
    for dataset in certificate["datasets"]:
        for file in dataset.get("files", []):
            yield f"{dataset_prefix('', dataset['number'])}{DELIVERED}{file['name']}", file.get("sha256")


def in_folder(folder: Path, certificate: Certificate) -> Digest:
    """Outputs in a folder, as `skyburst result --output` writes them: of each dataset in a folder of its name."""
    datasets = certificate["datasets"]
    names = folder_names(str(dataset.get("dataset", dataset["number"])) for dataset in datasets)
    starts = {
        f"{dataset_prefix('', dataset['number'])}{DELIVERED}": f"{name}/"
        for name, dataset in zip(names, datasets, strict=True)
    }

    def digest(name: str) -> str:
        start = next((start for start in starts if name.startswith(start)), "")
        path = folder / (starts.get(start, "") + name.removeprefix(start))
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ObjectNotFound(f"{name!r} leads out of {folder}")
        with open(path, "rb") as file:
            return _sha256(file)

    return digest


def of_job(objects: Objects, prefix: str) -> Digest:
    """Outputs of a job where it ran.

    Args:
        objects: where its objects are.
        prefix: key prefix of its objects.
    """

    def digest(name: str) -> str:
        with objects.open(prefix + key_of(name)) as file:
            return _sha256(file)

    return digest


def key_of(name: str) -> str:
    """Key of an output, after the prefix of its job."""
    return name if name == RESULT or is_of_dataset(name) else f"{FILES}{name}"


def is_of_dataset(name: str) -> bool:
    """Whether an output is a result of a dataset."""
    return DATASET_OUTPUT.match(name) is not None


def _output(name: str, recorded: str | None, digest: Digest) -> Finding:
    try:
        now = digest(name)
    except (ObjectNotFound, FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return Finding("output", name, Verdict.MISSING, "it is not there")
    except (SkyburstError, OSError) as error:
        return Finding("output", name, Verdict.UNKNOWN, f"it cannot be read: {error}")
    if recorded is None:
        return Finding("output", name, Verdict.UNKNOWN, "no checksum was recorded")
    if now == recorded:
        return Finding("output", name, Verdict.SAME)
    return Finding("output", name, Verdict.CHANGED, f"sha256 {recorded} recorded, {now} now")


def _input(name: str, entry: Certificate) -> Finding:
    recorded = entry.get("sha256")
    version = {key: value for key, value in (entry.get("version") or {}).items() if value}
    if recorded is None and not version:
        return Finding("input", name, Verdict.UNKNOWN, entry.get("reason") or "no checksum was recorded")
    now = look_at(entry["location"])
    if now["size"] is None:
        return Finding("input", name, Verdict.UNKNOWN, f"it cannot be read from here: {now['reason']}")
    if recorded is not None and now["sha256"] is not None:
        what, before, after = "sha256", recorded, now["sha256"]
    elif version:
        what, before, after = "version", version, {key: (now["version"] or {}).get(key) for key in version}
    else:
        what, before, after = "size", entry.get("size"), now["size"]
        if before == after:
            return Finding("input", name, Verdict.UNKNOWN, "it has the recorded size; its checksum was not taken")
    if before == after:
        return Finding("input", name, Verdict.SAME)
    return Finding("input", name, Verdict.CHANGED, f"{what} {before} recorded, {after} now")


def _data(name: str, location: str, recorded: str) -> Finding:
    """A file or folder that a dataset had, whose checksum was taken when it was fetched."""
    try:
        now = look_again(location).sha256
    except (SkyburstError, OSError) as error:
        return Finding("input", name, Verdict.UNKNOWN, f"it cannot be read from here: {error}")
    if now == recorded:
        return Finding("input", name, Verdict.SAME)
    return Finding("input", name, Verdict.CHANGED, f"sha256 {recorded} recorded, {now} now")


def _analysis(analysis: Certificate) -> Iterator[Finding]:
    name = analysis["name"]
    try:
        reference = _found(analysis)
    except SkyburstError as error:
        yield Finding("analysis", name, Verdict.UNKNOWN, f"it cannot be looked at from here: {error}")
        return
    compared = [
        ("analysis", [analysis["digest"], *analysis.get("later_digests", [])][-1], reference["digest"]),
        ("blueprint", analysis["blueprint_digest"], reference["blueprint_digest"]),
    ]
    for kind, before, after in compared:
        if before == after:
            yield Finding(kind, name, Verdict.SAME, reference["location"])
        else:
            yield Finding(kind, name, Verdict.CHANGED, f"sha256 {before} recorded, {after} in {reference['location']}")


def _found(analysis: Certificate) -> dict[str, Any]:
    try:
        return find_analysis(analysis["location"]).reference()
    except AnalysisNotFound:
        return find_analysis(analysis["name"]).reference()


def _sha256(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while piece := file.read(READ_BYTES):
        digest.update(piece)
    return digest.hexdigest()
