"""Estimates: what a job will take, before it starts, checked as one that is started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from skyburst.contracts.blueprint import parse_blueprint
from skyburst.cost.estimate import Earlier
from skyburst.cost.estimate import estimate as estimated
from skyburst.cost.work import work_of
from skyburst.prices.current import shipped_prices
from skyburst.web.estimates import document
from tests.web.conftest import wait_for
from tests.web.test_jobs import MONTE_CARLO, submit
from tests.web.test_uploads import refused

BLUEPRINT = parse_blueprint(
    {"blueprint": 1, "name": "a", "version": "1.0.0", "worker": "a:b", "combiner": "a:c"}, "here"
)


def estimate(api: Any, job: dict[str, Any]) -> dict[str, Any]:
    answer = api.post("/api/estimates", json=job)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_job_is_estimated_as_earlier_ones_took_and_is_not_started(api, scripted):
    job = {**scripted(), "items": {"range": [0, 40]}, "batch_size": 4}
    job.pop("parameters")
    job["parameters"] = {"scripts": [["ok"]] * 40}
    first = estimate(api, job)
    assert (first["items"], first["batches"], first["seconds"], first["usd"]) == (40, 10, None, 0.0)
    assert "no job of this analysis has come to its end" in first["basis"]
    assert api.get("/api/jobs").json()["jobs"] == []
    wait_for(api, submit(api, scripted(["ok"], ["ok"]))["job_id"], "SUCCEEDED")
    second = estimate(api, job)
    assert 0 < second["seconds"] < 60
    assert second["on_aws_usd"] > 0
    assert second["basis"] == "as the last job of this analysis took; on this machine it costs nothing"
    assert len(api.get("/api/jobs").json()["jobs"]) == 1


def test_items_of_a_library_are_counted_and_others_are_known_later(api, brains):
    mask = next((brains.parent / "made" / "masks").iterdir())
    parameters = {"mask": str(mask), "library": "library:brains"}
    assert estimate(api, {"analysis": "color-depth-search", "parameters": parameters})["items"] == 12
    parameters = {"mask": str(mask), "library": str(brains / "images")}
    found = estimate(api, {"analysis": "color-depth-search", "parameters": parameters})
    assert (found["items"], found["batches"], found["seconds"], found["usd"]) == (None, None, None, None)
    assert estimate(api, MONTE_CARLO)["items"] is None


def test_what_a_job_is_refused_for_its_estimate_is_refused_for(api, scripted, tmp_path: Path):
    for wrong in (
        {"analysis": "monte-carlo", "itmes": 1},
        {"analysis": "monte-carlo", "parameters": {"blocks": 0}},
        {"analysis": "no-such"},
        {**scripted(), "items": []},
        {**scripted(), "items": {"range": [3, 3]}},
        {**scripted(), "items": {"manifest": str(tmp_path)}},
        {"analysis": "color-depth-search", "parameters": {"mask": "upload:none", "library": "library:none"}},
    ):
        started, told = api.post("/api/jobs", json=wrong), api.post("/api/estimates", json=wrong)
        assert started.status_code == told.status_code >= 400, (wrong, told.text)
        assert started.json()["code"] == told.json()["code"], wrong
    (tmp_path / "blueprint.toml").write_text('blueprint = 1\nname = "c"\nversion = "1.0.0"\ncommand = ["true"]\n')
    told = api.post("/api/estimates", json={"analysis": str(tmp_path), "items": [{"data": "/none"}]})
    assert "/none" in refused(told, 400, "invalid_job")


@given(st.integers(1, 10_000), st.integers(1, 100), st.integers(1, 1_000), st.floats(1e-4, 10), st.floats(0, 100))
def test_more_workers_are_never_slower_and_a_job_costs_what_its_parts_cost(items, size, parallel, item_s, overhead_s):
    book = shipped_prices()
    work = work_of(BLUEPRINT, {"batch_size": size}, items, book)
    found = estimated(work, book, [Earlier("j", item_s, "aws")])
    on_aws = document(found, overhead_s, parallel, "aws")
    faster = document(found, overhead_s, parallel + 1, "aws")
    assert overhead_s <= faster.seconds <= on_aws.seconds
    assert abs(sum(line.usd for line in on_aws.lines) - on_aws.usd) < 1e-6
    assert on_aws.usd <= on_aws.most_usd
    here = document(found, overhead_s, parallel, "local")
    assert (here.usd, here.lines, here.on_aws_usd) == (0.0, [], on_aws.usd)
