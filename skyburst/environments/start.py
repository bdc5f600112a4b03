"""How a command is started: as it is on this machine, or in a container."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from skyburst.contracts.dataset import Dataset, Setup
from skyburst.environments import container
from skyburst.environments.container import Container, Mount
from skyburst.environments.supervisor import Order
from skyburst.environments.workspace import (
    FOLDERS,
    PROGRAMS,
    Workspace,
    contract_variables,
    whole_environment,
    words_of,
)

GRACE_S = 10.0
READ_ONLY = ("bin",)


class Start(NamedTuple):
    """A command, ready to be started."""

    order: Order
    said: list[str]
    """For the log: how, and why so."""
    container: Container | None = None


def order_of(
    setup: Setup, dataset: Dataset, workspace: Workspace, config: Path, *, job_id: str, attempt: int, timeout_s: float
) -> Start:
    """What the supervisor is told.

    Args:
        setup: of the environment.
        dataset: which one.
        workspace: with everything in it.
        config: the config file.
        job_id: of its job.
        attempt: 1 for the first.
        timeout_s: seconds that are left.

    Raises:
        InvalidJob, CommandFailed: when there must be a container, and cannot.
    """
    folder = Path(setup.folder).resolve()
    said = []
    if len(setup.gpus) < setup.gpus_wanted:
        said.append(
            f"it asks for {setup.gpus_wanted} GPU{'s' * (setup.gpus_wanted > 1)}, and has {len(setup.gpus)} here"
        )
    chosen = container.choose_engine(setup.image)
    folders = {name: workspace[name] for name in FOLDERS}
    seen = folders if chosen.engine is None else container.inside({**folders, "analysis": folder})
    variables = contract_variables(
        setup, dataset, job_id=job_id, attempt=attempt, folders=seen, config=seen["config"] / config.name,
        analysis=seen.get("analysis", folder),
    )  # fmt: skip
    if chosen.engine is not None:  # which has those alone, and counts them anew
        variables["CUDA_VISIBLE_DEVICES"] = ",".join(map(str, range(len(setup.gpus))))
    command = words_of(setup.command, folder, seen.get("analysis"))
    if chosen.engine is None:
        workspace.put_helpers()
        where = setup.machine or f"as it is on this machine, as {chosen.why}"
        said.append(f"runs {where}: {' '.join(command)}")
        order = Order(
            command=command, folder=str(workspace["work"]), variables=whole_environment(variables, workspace["bin"]),
            timeout_s=timeout_s, memory_mb=setup.memory_mb, grace_s=GRACE_S,
        )  # fmt: skip
        return Start(order, said)
    workspace.put_helpers("python3", Path(container.PROGRAMS), search=True)
    container.put_start(workspace["bin"])
    said.append(f"runs in a container, as {chosen.why}: {' '.join(command)}")
    held = container_of(chosen.engine, setup, command, folders, folder, variables, {"skyburst.job": job_id})
    order = Order(
        command=held.run(), folder=str(workspace["work"]), variables=held.variables_of_engine(os.environ), timeout_s=timeout_s,
        memory_mb=setup.memory_mb, grace_s=GRACE_S, stop=held.stop(GRACE_S), oom=held.oom(), remove=held.remove(),
        watched=False,
    )  # fmt: skip
    return Start(order, said, held)


def container_of(
    engine: str,
    setup: Setup,
    command: list[str],
    folders: Mapping[str, Path],
    analysis: Path,
    variables: Mapping[str, str],
    labels: Mapping[str, str],
) -> Container:
    """The container of a command, with a name that no other one has.

    Args:
        engine: path of its program.
        setup: of the environment.
        command: as the container is to run it.
        folders: of the workspace, on this machine.
        analysis: the analysis' folder, on this machine.
        variables: of the contract, as the container sees it.
        labels: to find it by.
    """
    assert setup.image is not None
    places = container.inside(folders)
    mounts = [
        Mount(source=path, target=str(places[name]), read_only=name in READ_ONLY) for name, path in folders.items()
    ]
    mounts.append(Mount(source=analysis, target=f"{container.INSIDE}/analysis", read_only=True))
    mounts.append(Mount(source=PROGRAMS, target=container.PROGRAMS, read_only=True))
    return Container(
        engine=engine, name=f"skyburst-{secrets.token_hex(8)}", image=setup.image, command=command, mounts=mounts,
        variables=variables, folder=str(places["work"]), vcpus=setup.vcpus, memory_mb=setup.memory_mb, gpus=setup.gpus,
        user=os.getuid(), group=os.getgid(), labels=labels,
    )  # fmt: skip
