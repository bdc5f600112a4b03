"""What a running job has found so far, as the function of the API asks for it: combined in the analysis' own function."""

from __future__ import annotations

import pytest

from skyburst.errors import JobFailed, JobNotFound
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.home import Home
from tests.conftest import needed
from tests.deployed.conftest import Deployment, scripts
from tests.waiting import PATIENCE_S, eventually


def served(aws: Deployment, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The home of the API's function, in this process."""
    needed("litestar")
    from skyburst.web.aws.home import Inside, ServedHome
    from skyburst.web.aws.offered import DeployedAnalyses

    for name, value in aws.cloud.variables().items():
        monkeypatch.setenv(name, value)
    outputs = aws.outputs
    deployed = Deployed(outputs["Bucket"], outputs["Batches"], outputs["Jobs"], "skyburst")
    executions = outputs["JobMachine"].replace(":stateMachine:", ":execution:") + ":"
    return ServedHome(Inside(deployed, executions), DeployedAnalyses({}))


def test_the_combiner_of_the_analysis_combines_what_a_running_job_has_found(
    aws: Deployment, job_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = served(aws, monkeypatch)
    execution = aws.start(job_name, scripts("ok", "ok", *[[2.5]] * 6, max_parallelism=2))

    def two_are_done() -> bool:
        try:
            job = home.table.job(job_name)
        except JobNotFound:
            return False
        return bool(job.plan and job.runs and home.table.progress(job_name).done >= 2)

    eventually(two_are_done)
    job = home.table.job(job_name)
    value = home.partial_results(job)
    assert {0, 1} <= set(value["found"]) < set(range(8))
    (kept,) = [entry.key for entry in home.objects.list(f"jobs/{job_name}/") if "so-far" in entry.key]
    made = aws.object(kept)
    assert home.partial_results(job) == value
    assert aws.object(kept) == made, "who asks at once has no function combine it again"
    aws.cloud.wait_for_execution(execution, PATIENCE_S)
    assert not [entry.key for entry in home.objects.list(f"jobs/{job_name}/") if "so-far" in entry.key]
    home.close()


def test_a_combiner_that_is_not_there_is_named(aws: Deployment, job_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    home = served(aws, monkeypatch)
    assert aws.run(job_name, scripts("ok"))["status"] == "SUCCEEDED"
    job = home.table.job(job_name)
    job.analysis = {**job.analysis, "name": "gone"}
    with pytest.raises(JobFailed, match="cannot be combined"):
        home.partial_results(job)
    home.close()
