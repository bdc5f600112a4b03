"""NeuroCAAS blueprints, `stack_config_template.json`: what of one becomes a blueprint here, and what cannot. Pure.

Their fields are described in the developer documents of github.com/cunningham-lab/neurocaas. There are many generations of
them: numbers may be text, fields may be missing or have what a form would show in them, and what is not known is told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from skyburst.blueprints.neurocaas_command import Called, read_command
from skyburst.contracts.refusals import AMI, INSTANCE_TYPE, NAME
from skyburst.errors import InvalidBlueprint

FILE = "stack_config_template.json"
INTERPRETERS = {".sh": "bash", ".py": "python3", ".r": "Rscript", ".jl": "julia"}
SHARE_OF_MEMORY = 0.9
"""Of an instance: the rest is its system's and the container agent's."""
STEP_MB = 128
LONGEST_MIN = 20_160.0


class Machine(NamedTuple):
    """What an instance type has."""

    vcpus: int
    memory_mb: int
    gpus: int


MACHINES = {
    "t2.micro": Machine(1, 1_024, 0), "m5.large": Machine(2, 8_192, 0), "m5.xlarge": Machine(4, 16_384, 0),
    "m5.4xlarge": Machine(16, 65_536, 0), "m5.16xlarge": Machine(64, 262_144, 0), "r5.16xlarge": Machine(64, 524_288, 0),
    "p2.xlarge": Machine(4, 62_464, 1), "p2.8xlarge": Machine(32, 499_712, 8), "p3.2xlarge": Machine(8, 62_464, 1),
    "g4dn.12xlarge": Machine(48, 196_608, 4),
}  # fmt: skip
"""The instance types of the published blueprints, as the EC2 user guide has them."""
OLD_FAMILIES = {"p2": "its GPUs (K80) are not supported by CUDA since version 12"}
UNUSED = {
    "CodeUri": "the job manager of NeuroCAAS, which the engine takes the place of",
    "Handler": "the job manager of NeuroCAAS, which the engine takes the place of",
    "Launch": "environments are always started anew",
    "Requirements": "of the post-processing function",
    "SECURITY_GROUPS": "environments have no inbound port; their network is the deployment's",
    "IAM_ROLE": "environments have a role of the deployment, which may do what their job needs and nothing else",
    "KEY_NAME": "nobody logs in by SSH: `skyburst env develop` opens a shell",
    "WORKING_DIRECTORY": "each dataset has a working folder of its own",
    "SHUTDOWN_BEHAVIOR": "environments end with their job",
    "CONFIG": "the config file is named by the variable SKYBURST_CONFIG",
    "MISSING_CONFIG_ERROR": "a missing config is refused before anything starts",
    "EXECUTION_TIMEOUT": "the job manager's own time limit",
    "LAUNCH": "environments are always started anew",
    "LOGFILE": "logs are streamed by the engine",
    "MONITOR": "every job is monitored",
    "LOGDIR": "the layout of folders is fixed", "OUTDIR": "the layout of folders is fixed",
    "INDIR": "the layout of folders is fixed",
    "CONFIGDIR": "the layout of folders is fixed", "SUBMITDIR": "the layout of folders is fixed",
    "figlambid": "made by NeuroCAAS at its build", "figlambarn": "made by NeuroCAAS at its build",
    "cwrolearn": "made by NeuroCAAS at its build", "versionid": "made by NeuroCAAS at its build",
    "image_history": "of the developer's machine; `skyburst blueprint history` keeps one from now on",
    "container_history": "of the developer's machine", "develop_history": "of the developer's machine",
    "localenv": "of the developer's machine", "script": "of the developer's machine",
}  # fmt: skip
"""Fields that nothing here needs, and why."""


class Said(NamedTuple):
    """What became of one field."""

    field: str
    value: Any
    kept: bool
    """Whether the new blueprint has it."""
    words: str
    """What it became, or why it did not and what to do."""

    def line(self) -> str:
        """For people."""
        shown = json.dumps(self.value, ensure_ascii=False)
        shown = shown if len(shown) <= 80 else f"{shown[:79]}…"
        return f"{'kept' if self.kept else 'not kept'}  {self.field} = {shown}: {self.words}"


@dataclass
class Imported:
    """A NeuroCAAS blueprint as it can be here."""

    name: str
    command: list[str]
    script: str
    """Path of the analysis' script on the machine image, as far as the blueprint says it."""
    style: str
    """How the script was called: `workflow`, `arguments`, or `` when the blueprint does not say."""
    ami: str | None
    version: str = "1.0.0"
    environment: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    """Names of users by the name of their group."""
    said: list[Said] = field(default_factory=list)


def read_neurocaas(
    text: str, where: str, *, fallback_name: str, machines: Mapping[str, Machine] = MACHINES
) -> Imported:
    """Read a NeuroCAAS blueprint.

    Args:
        text: the file.
        where: what it is called in errors.
        fallback_name: of the analysis, when its own cannot be one.
        machines: what instance types have.

    Raises:
        InvalidBlueprint: when it is not JSON, or is no blueprint at all.
    """
    try:
        document = json.loads(text.removeprefix("\ufeff"))
    except ValueError as error:
        raise InvalidBlueprint(f"{where} is not JSON: {error}") from error
    manager = document.get("Lambda") if isinstance(document, dict) else None
    if not isinstance(manager, dict) or "PipelineName" not in document:
        raise InvalidBlueprint(f"{where} is no blueprint of NeuroCAAS: expected an object with PipelineName and Lambda")
    said: list[Said] = []
    config = manager.get("LambdaConfig", {})
    if not isinstance(config, dict) or not config:
        said.append(Said("Lambda.LambdaConfig", config, False, "it says nothing of a machine: fill in [environment]"))
        config = {}
    name = _name(document["PipelineName"], fallback_name, said)
    called = _called(config.get("COMMAND"), config.get("WORKING_DIRECTORY"), said)
    script = called.script if called else ""
    found = Imported(
        name=name, command=_command_of(script), script=script, style=called.style if called else "",
        ami=_ami(config.get("AMI"), said), said=said,
    )  # fmt: skip
    if "PipelineVersion" in document:
        _version(document["PipelineVersion"], found)
    _machine(config.get("INSTANCE_TYPE"), machines, found)
    _minutes(config.get("SSM_TIMEOUT"), found)
    _limit(config.get("DEPLOY_LIMIT"), found)
    for place, holder in (("MAXCOST", document), ("Lambda.LambdaConfig.MAXCOST", config)):
        if "MAXCOST" in holder:
            _budget(place, holder["MAXCOST"], found)
    _groups(document.get("UXData"), found)
    _rest(document, manager, config, found)
    return found


def _name(given: Any, fallback: str, said: list[Said]) -> str:
    if isinstance(given, str) and re.match(NAME, given):
        said.append(Said("PipelineName", given, True, "name"))
        return given
    said.append(
        Said(
            "PipelineName",
            given,
            False,
            f"an analysis cannot be called so; it is called {fallback!r}: change name as you like",
        )
    )
    return fallback


def _called(given: Any, begins_in: Any, said: list[Said]) -> Called | None:
    field = "Lambda.LambdaConfig.COMMAND"
    known = begins_in if isinstance(begins_in, str) and begins_in.startswith("/") else ""
    called = read_command(given, known) if isinstance(given, str) else None
    if called is None:
        said.append(Said(field, given, False, "it names no script: say in command what is run"))
        return None
    said.append(Said(field, given, True, f"command: {called.words}"))
    said.extend(Said(field, part, False, "not run: the engine prepares, delivers and ends") for part in called.left_out)
    return called


def _command_of(script: str) -> list[str]:
    name = PurePosixPath(script).name or "run.sh"
    return [INTERPRETERS.get(PurePosixPath(name).suffix.lower(), "bash"), name]


def _ami(given: Any, said: list[Said]) -> str | None:
    field = "Lambda.LambdaConfig.AMI"
    if isinstance(given, str) and re.match(AMI, given):
        said.append(
            Said(
                field, given, False,
                "environments are containers: a machine image of NeuroCAAS has no container agent, so that AWS Batch cannot "
                "start it. Copy what the analysis needs from it into a container image, and name that in environment.image",
            )
        )  # fmt: skip
        return given
    said.append(Said(field, given, False, "it is no machine image: name a container image in environment.image"))
    return None


def _version(given: Any, found: Imported) -> None:
    number = _number(given)
    if number is not None and number >= 0:
        found.version = f"{int(number)}.0.0"
        found.said.append(Said("PipelineVersion", given, True, f"version = {found.version}"))
    else:
        found.said.append(Said("PipelineVersion", given, False, f"it is no number: version is {found.version}"))


def _machine(given: Any, machines: Mapping[str, Machine], found: Imported) -> None:
    field = "Lambda.LambdaConfig.INSTANCE_TYPE"
    if not isinstance(given, str) or not re.match(INSTANCE_TYPE, given) or "." not in given:
        found.said.append(Said(field, given, False, "it is no instance type: fill in [environment]"))
        return
    machine = machines.get(given) or MACHINES.get(given)
    if machine is None:
        found.environment["instance_types"] = [given]
        found.said.append(
            Said(field, given, True, "instance_types; what it has is not known here: fill in vcpus, memory_mb and gpus")
        )
        return
    found.environment["vcpus"] = machine.vcpus
    found.environment["memory_mb"] = int(machine.memory_mb * SHARE_OF_MEMORY) // STEP_MB * STEP_MB
    if machine.gpus:
        found.environment["gpus"] = machine.gpus
    memory = f"memory_mb = {found.environment['memory_mb']} (a tenth is left to the machine)"
    has = f"vcpus = {machine.vcpus}, {memory}, gpus = {machine.gpus}"
    reason = OLD_FAMILIES.get(given.partition(".")[0])
    if reason:
        found.said.append(Said(field, given, True, f"{has}; the type itself is not kept, because {reason}"))
        return
    found.environment["instance_types"] = [given]
    found.said.append(Said(field, given, True, f"instance_types, {has}"))


def _minutes(given: Any, found: Imported) -> None:
    field = "Lambda.LambdaConfig.SSM_TIMEOUT"
    if given is None:
        found.said.append(Said(field, None, False, "there is none: timeout_min is 60 minutes until you say otherwise"))
        return
    seconds = _number(given)
    if seconds is None or not 0 < seconds / 60 <= LONGEST_MIN:
        found.said.append(Said(field, given, False, "expected seconds, 14 days at most: say timeout_min"))
        return
    found.environment["timeout_min"] = round(seconds / 60, 2)
    found.said.append(Said(field, given, True, f"timeout_min = {round(seconds / 60, 2):g}"))


def _limit(given: Any, found: Imported) -> None:
    if given is None:
        return
    field = "Lambda.LambdaConfig.DEPLOY_LIMIT"
    number = _number(given)
    if number is None or number < 1 or number != int(number):
        found.said.append(Said(field, given, False, "expected a whole number from 1: max_concurrent is 100"))
        return
    found.environment["max_concurrent"] = int(number)
    found.said.append(
        Said(
            field, given, True, f"max_concurrent = {int(number)}; what is more waits, and counts for this analysis only"
        )
    )


def _budget(field: str, given: Any, found: Imported) -> None:
    number = _number(given)
    if number is None:
        found.said.append(Said(field, given, False, "it is no amount: budgets are set by the operator, in USD"))
        return
    found.said.append(
        Said(
            field,
            given,
            False,
            "budgets are not part of a blueprint: set one for each group with "
            f"`skyburst budget set --group GROUP --analysis {found.name} --lifetime {number:g}`",
        )
    )


def _groups(given: Any, found: Imported) -> None:
    listed = given.get("Affiliates") if isinstance(given, dict) else None
    if not isinstance(listed, list):
        found.said.append(Said("UXData.Affiliates", listed, False, "there are no groups in it"))
        return
    for number, entry in enumerate(listed):
        if not isinstance(entry, dict):
            found.said.append(Said(f"UXData.Affiliates[{number}]", entry, False, "it is no group"))
            continue
        group = str(entry.get("AffiliateName", ""))
        users = entry.get("UserNames")
        found.groups[group] = [str(user) for user in users] if isinstance(users, list) else []
        if entry.get("UserInput", True) is False:
            found.said.append(
                Said(
                    f"UXData.Affiliates[{number}].UserInput", False, False,
                    f"{group} begins with results of another analysis: name this one in [[next]] of that one's blueprint",
                )
            )  # fmt: skip
    found.said.append(
        Said(
            "UXData.Affiliates",
            list(found.groups),
            False,
            f"people are not part of a blueprint: `skyburst people import` of the same file adds them, with {found.name} allowed",
        )
    )


def _rest(document: dict[str, Any], manager: dict[str, Any], config: dict[str, Any], found: Imported) -> None:
    """What is left: regions, post-processing, what is not needed and what is not known."""
    read = {
        "PipelineName",
        "PipelineVersion",
        "MAXCOST",
        "Lambda",
        "UXData",
        "LambdaConfig",
        "COMMAND",
        "AMI",
        "INSTANCE_TYPE",
    }
    read |= {"SSM_TIMEOUT", "DEPLOY_LIMIT"}
    for prefix, holder in (("", document), ("Lambda.", manager), ("Lambda.LambdaConfig.", config)):
        for name, value in holder.items():
            if name in read:
                continue
            if name == "REGION":
                words = "the region is that of the deployment: AWS_REGION of `skyburst deploy`"
            elif name == "STAGE":
                words = "who may run an analysis is said for groups: `skyburst group allow`"
            elif name in ("PostCodeUri", "PostHandler", "PostTrigger"):
                words = "what follows a job is another analysis, which [[next]] names: write this code as one"
            else:
                words = UNUSED.get(name, "NeuroCAAS does not describe this field; it is left out")
            found.said.append(Said(prefix + name, value, False, words))


def _number(given: Any) -> float | None:
    """A number, also one that is text."""
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        return None
    try:
        number = float(given)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None
