"""How a command is started: as it is on this machine, or in a container."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from skyburst.contracts.dataset import Dataset, Setup
from skyburst.environments.supervisor import Order
from skyburst.environments.workspace import FOLDERS, Workspace, contract_variables, whole_environment, words_of

GRACE_S = 10.0


class Start(NamedTuple):
    """A command, ready to be started."""

    order: Order
    said: list[str]
    """For the log: how, and why so."""


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
        timeout_s: that are left.
    """
    folder = Path(setup.folder).resolve()
    said = []
    if len(setup.gpus) < setup.gpus_wanted:
        said.append(
            f"it asks for {setup.gpus_wanted} GPU{'s' * (setup.gpus_wanted > 1)}, and has {len(setup.gpus)} here"
        )
    folders = {name: workspace[name] for name in FOLDERS}
    variables = contract_variables(
        setup, dataset, job_id=job_id, attempt=attempt, folders=folders, config=config, analysis=folder
    )
    order = Order(
        command=words_of(setup.command, folder), folder=str(workspace["work"]),
        variables=whole_environment(variables, workspace["bin"]), timeout_s=timeout_s, memory_mb=setup.memory_mb,
        grace_s=GRACE_S,
    )  # fmt: skip
    said.append(f"runs as it is on this machine: {' '.join(order.command)}")
    return Start(order, said)
