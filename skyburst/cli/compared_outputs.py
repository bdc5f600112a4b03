"""What is the same and what differs between the outputs of a certificate and those of a job that repeated it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from skyburst.certificates.differences import described
from skyburst.certificates.verification import is_of_dataset, key_of, of_job, outputs_of
from skyburst.errors import SkyburstError
from skyburst.homes.home import Home

Certificate = Mapping[str, Any]


def output_differences(home: Home, before: Certificate, now: Certificate) -> Iterator[str]:
    """One line for each output that is not the same, and how it differs where the earlier one is still there.

    Args:
        home: where the job that repeats ran; the earlier one may have run there too.
        before: the certificate that was given.
        now: that of the job that repeated it.
    """
    then, here = dict(results_of(before)), dict(results_of(now))
    for name in [*then, *(name for name in here if name not in then)]:
        if name not in here:
            yield f"{name}: there then, not there now"
        elif name not in then:
            yield f"{name}: not there then, there now"
        elif then[name] is None:
            yield f"{name}: no checksum of it was recorded then"
        elif then[name] != here[name]:
            yield f"{name}: sha256 {then[name]} then, {here[name]} now"
            yield from (f"  {line}" for line in _details(home, before, now, name))


def number_the_same(before: Certificate, now: Certificate) -> int:
    """Outputs that are the same, byte for byte."""
    here = dict(results_of(now))
    return sum(digest is not None and here.get(name) == digest for name, digest in results_of(before))


def results_of(certificate: Certificate) -> Iterator[tuple[str, str | None]]:
    """Outputs that are the same when a job is repeated: of datasets what their commands wrote.

    What an analysis that is a command has besides, such as `result.json`, reports times.
    """
    return (
        (name, digest) for name, digest in outputs_of(certificate) if not certificate["datasets"] or is_of_dataset(name)
    )


def datasets_the_same(before: Certificate, now: Certificate) -> int:
    """Datasets whose results are the same, byte for byte."""
    here = dict(results_of(now))
    different = {
        name.split("/")[1] for name, digest in results_of(before) if digest is None or here.get(name) != digest
    }
    different |= {name.split("/")[1] for name in here if name not in dict(results_of(before))}
    return len(before["datasets"]) - len(different)


def _details(home: Home, before: Certificate, now: Certificate, name: str) -> list[str]:
    """How the earlier output differs, if it is here and still what it was."""
    jobs = [f"jobs/{certificate['job']['job_id']}/" for certificate in (before, now)]
    recorded = dict(outputs_of(before))[name]
    try:
        if of_job(home.objects, jobs[0])(name) != recorded:
            return []
        keys = [prefix + key_of(name) for prefix in jobs]
        sizes = [home.objects.size(key) for key in keys]
        with home.objects.open(keys[0]) as one, home.objects.open(keys[1]) as other:
            return described(one, other, json_size=max(sizes) if name.endswith(".json") else None)
    except (SkyburstError, ValueError):  # it is not here any more, or not JSON in spite of its name
        return []
