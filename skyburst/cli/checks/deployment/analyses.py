"""Checks of the analyses that are deployed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from skyburst.cli import text
from skyburst.cli.checks.deployment.asked import asked
from skyburst.cli.checks.finding import Finding, Verdict
from skyburst.errors import AnalysisNotFound, SkyburstError
from skyburst.finding import PROBE, find_analysis, find_probe
from skyburst.homes.aws.account import Account
from skyburst.homes.aws.deployed import ANALYSIS, CODE, function_name


class Deployed(NamedTuple):
    """An analysis of a deployment."""

    name: str
    digest: str | None
    """Of its code; None of one that was deployed by a version that does not tell."""
    lanes: int


def look_at_analyses(account: Account, kinds: dict[str, list[str]]) -> list[Deployed] | Finding:
    """The analyses whose workers are among the functions of the stack, and those that have a combiner only.

    Args:
        account: of the deployment.
        kinds: physical names of its resources by type.
    """
    functions = set(kinds.get("AWS::Lambda::Function", []))
    client = account.client("lambda")
    found: list[Deployed] = []
    firsts = {name.removesuffix("-worker-0") for name in functions if name.endswith("-worker-0")}
    alone = {name for name in functions if name.endswith("-combiner") and name.removesuffix("-combiner") not in firsts}
    for first in sorted({f"{name}-worker-0" for name in firsts} | alone):
        answer = asked(
            "analyses", "lambda:GetFunctionConfiguration",
            lambda first=first: client.get_function_configuration(FunctionName=first),  # type: ignore[misc]
        )  # fmt: skip
        if isinstance(answer, Finding):
            return answer
        variables = answer["Environment"]["Variables"]
        if (name := variables.get(ANALYSIS)) and name not in {entry.name for entry in found}:
            # else these hand batches on to functions of burst-compute; a long name is cut in another way for its combiner
            lanes = sum(
                function_name(account.prefix, name, "worker", lane) in functions for lane in range(len(functions))
            )
            found.append(Deployed(name, variables.get(CODE), lanes))
    return found


def check_analyses(deployed: list[Deployed]) -> Iterator[Finding]:
    """Whether what is deployed is what is here."""
    for analysis in deployed:
        if analysis.name != PROBE:
            yield _compared(analysis)
    if all(analysis.name == PROBE for analysis in deployed):
        yield Finding("analyses", Verdict.DOUBTFUL, "none is deployed: `skyburst deploy --analysis FOLDER` deploys one")


def check_probe(deployed: list[Deployed]) -> Iterator[Finding]:
    """Whether the analysis that the job of the doctor needs is there, and is that of this version."""
    probe = next((analysis for analysis in deployed if analysis.name == PROBE), None)
    told = ""
    if probe is None:
        told = f"the deployment is of a version without the analysis {PROBE!r}: `skyburst deploy` adds it"
    elif probe.digest != find_probe().reference()["digest"]:
        told = (
            f"the analysis {PROBE!r} is of another version than this program: `skyburst deploy` updates the deployment"
        )
    if told:
        yield Finding("smoke job", Verdict.BAD, f"not run: {told}")


def _compared(analysis: Deployed) -> Finding:
    what = f"analysis {analysis.name}"
    lanes = text.counted(analysis.lanes, "lane") if analysis.lanes else "environments"
    try:
        here = find_analysis(analysis.name)
        digest = here.reference()["digest"]
    except AnalysisNotFound:
        return Finding(what, Verdict.GOOD, f"deployed with {lanes}; its code is not on this machine")
    except (SkyburstError, OSError) as error:
        return Finding(what, Verdict.DOUBTFUL, f"deployed with {lanes}; its code here cannot be read: {error}")
    if analysis.digest == digest:
        return Finding(what, Verdict.GOOD, f"deployed with {lanes}, as it is in {here.location}")
    return Finding(
        what, Verdict.DOUBTFUL, f"the code in {here.location} is not what is deployed: `skyburst deploy` deploys it"
    )
