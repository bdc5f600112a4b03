"""What is deleted of a job: what it asks for, when it is due, once nobody needs it; and nothing else."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import skyburst
from skyburst.contracts.job import parse_job
from skyburst.contracts.records import JobRecord
from skyburst.contracts.states import JobState
from skyburst.errors import InvalidJob, ResultNotReady
from skyburst.homes.local.home import LocalHome
from skyburst.objects import open_store
from skyburst.retention.enforcing import deleted_of, told
from skyburst.retention.policy import DAY_S, Kind, due_of, is_result, overlap, own_inputs, topmost
from skyburst.submissions.owners import note_owner
from skyburst.submissions.record import Dataset, Record, Records, SubmissionState, identity_of
from tests.cli.conftest import Program, program, project
from tests.waiting import eventually

__all__ = ["program", "project"]
DAYS = 10.0


def a_job(state: JobState = JobState.SUCCEEDED, **spec: Any) -> JobRecord:
    return JobRecord("j", {"analysis": "a", **spec}, {"name": "a"}, {}, state, finished_at=1_000.0)


# What is due


@given(st.sampled_from([state for state in JobState if state.finished]))
def test_nothing_is_due_of_a_job_that_does_not_ask_for_it(state: JobState) -> None:
    assert list(due_of(a_job(state))) == []
    assert list(due_of(a_job(state, keep={"delete_inputs_after_success": False}))) == []


@pytest.mark.parametrize(
    ("state", "keep", "due"),
    [
        (JobState.SUCCEEDED, {"results_days": 2}, {Kind.RESULTS: 1_000 + 2 * DAY_S}),
        (JobState.FAILED, {"inputs_days": 0.5}, {Kind.INPUTS: 1_000 + DAY_S / 2}),
        (JobState.FAILED, {"delete_inputs_after_success": True}, {}),
        (JobState.PARTIAL, {"delete_inputs_after_success": True}, {}),
        (JobState.SUCCEEDED, {"delete_inputs_after_success": True, "inputs_days": 3}, {Kind.INPUTS: 1_000}),
    ],
)
def test_what_is_due_follows_from_the_end_of_the_job(
    state: JobState, keep: dict[str, Any], due: dict[Kind, float]
) -> None:
    assert {one.kind: one.at for one in due_of(a_job(state, keep=keep))} == due


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("result.json", True),
        ("files/tables/best.csv", True),
        ("partials/3", True),
        ("combined/0/00000000", True),
        ("datasets/00000003/results/words.txt", True),
        ("datasets/00000003/logs/own.txt", True),
        ("datasets/00000003/status.json", False),
        ("datasets/00000003/log.jsonl", False),
        ("certificate.json", False),
        ("spans/1-watch-driver.json", False),
        ("logs/driver.log", False),
        ("next/0-all.json", False),
        ("manifest/items-0", False),
    ],
)
def test_results_are_told_from_what_makes_a_job_reproducible(name: str, result: bool) -> None:
    assert is_result(f"jobs/j/{name}", "jobs/j/") is result
    assert not is_result(f"jobs/other/{name}", "jobs/j/")


def a_record(*datanames: str, bucket: str = "bucket", **fields: Any) -> Record:
    """The record of a submission of group `lab`."""
    datasets = [Dataset(dataname=name, name="x", config="lab/configs/c.yaml", environment="i-1") for name in datanames]
    given = {"state": SubmissionState.ENDED, "job_id": "j", "received_at": 0.0, **fields}
    return Record(
        identity="f" * 64, bucket=bucket, analysis="a", group="lab", key="lab/submissions/submit.json", uploaded_at=0.0,
        name="job__b_1", timestamp="1", datasets=datasets, **given,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("dataname", "own"),
    [
        ("lab/inputs/a.npy", True), ("s3://bucket/lab/inputs/folder/a.npy", True), ("s3://other/lab/inputs/a.npy", False),
        ("lab/results/job__b_0/a.npy", False), ("lab/inputs", False), ("lab/inputs2/a.npy", False),
    ],
)  # fmt: skip
def test_only_what_a_submission_names_in_its_groups_inputs_was_uploaded_for_it(dataname: str, own: bool) -> None:
    found = own_inputs(a_record(dataname), "s3://bucket")
    assert found == ([f"s3://bucket/{dataname.removeprefix('s3://bucket/')}"] if own else [])


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        ({"results_days": -1}, r"job\.keep\.results_days is -1"),
        ({"results": 1}, r"job\.keep"),
        ({"delete_inputs_after_success": "yes"}, r"job\.keep\.delete_inputs_after_success is \"yes\""),
    ],
)
def test_what_cannot_be_meant_is_refused(keep: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidJob, match=message):
        parse_job({"analysis": "x", "keep": keep})


def test_what_is_kept_is_not_stored() -> None:
    given = {"analysis": "x", "keep": {"results_days": 1.0, "delete_inputs_after_success": False}}
    assert parse_job(given).document() == {"analysis": "x", "keep": {"results_days": 1.0}}


# At home `local`


def later(home: LocalHome, days: float = DAYS) -> list[Any]:
    """What is deleted after so many days."""
    return list(home.retain(time.time() + days * DAY_S))


def test_results_are_deleted_after_their_days_and_everybody_is_told_so(program: Program, project: Path) -> None:
    spec = {"analysis": "naps.py", "items": {"range": [0, 4]}, "keep": {"results_days": 7}}
    (project / "job.json").write_text(json.dumps(spec))
    assert program("run", "--spec", "job.json").code == 0
    home = LocalHome()
    job = home.find_job("last")
    assert later(home, 6.9) == []
    (deleted,) = later(home)
    assert (deleted.kind, deleted.objects, deleted.kept) == ("results", 2, "")
    assert later(home) == []
    left = sorted(entry.key.split("/")[2] for entry in home.objects.list(f"jobs/{job.job_id}/"))
    assert "certificate.json" in left
    assert "result.json" not in left
    assert "files" not in left
    day = time.strftime("%Y-%m-%d", time.localtime(time.time() + DAYS * DAY_S))
    assert f"deleted   results deleted on {day}" in program("status", "last").out
    assert f"SUCCEEDED (results deleted on {day})" in program("jobs").out
    ended = program("result", "last")
    assert ended.code == 6
    assert f"its results were deleted on {day}: `skyburst rerun {job.job_id}` makes it anew" in ended.err
    assert program("verify", "last").code == 6
    assert "the result is the same as before" not in program("rerun", "last", "-q").out


def test_deleted_results_of_datasets_are_not_looked_for(program: Program, project: Path) -> None:
    (project / "copies").mkdir()
    (project / "copies" / "blueprint.toml").write_text(
        'blueprint = 1\nname = "copies"\nversion = "1.0.0"\ncommand = ["sh", "run.sh"]\n'
    )
    (project / "copies" / "run.sh").write_text('echo one > "$SKYBURST_RESULTS/one.txt"\n')
    spec = {"analysis": "copies", "items": ["copies/run.sh"], "keep": {"results_days": 7}}
    (project / "job.json").write_text(json.dumps(spec))
    assert program("run", "--spec", "job.json").code == 0
    assert len(later(LocalHome())) == 1
    ended = program("result", "last", "--output", "there")
    assert ended.code == 6
    assert "and its results were deleted on" in ended.err
    assert not (project / "there").exists()


def test_a_partial_job_whose_results_are_deleted_cannot_be_resumed(project: Path) -> None:
    home = LocalHome()
    result = skyburst.run(
        "naps.py", items=range(4), batch_size=1, tolerated_failure_percent=50, parameters={"bad": [1]},
        keep={"results_days": 1}, home=home,
    )  # fmt: skip
    assert result.state is JobState.PARTIAL
    assert len(later(home)) == 1
    with pytest.raises(InvalidJob, match="cannot be resumed: its results were deleted on"):
        skyburst.JobHandle(result.job_id, home).resume()


class Submitted:
    """A job of data that a group uploaded for it, in a bucket that is a folder."""

    def __init__(self, project: Path, home: LocalHome, *names: str, state: str = "ENDED", **keep: Any) -> None:
        self.home = home
        self.inputs = project / "bucket" / "lab" / "inputs"
        self.inputs.mkdir(parents=True, exist_ok=True)
        (project / "sizes.py").write_text(
            "import os\nimport skyburst\n\n@skyburst.worker\ndef size(batch):\n"
            "    return sum(os.path.getsize(item['data']) for item in batch.items)\n\ntotal = skyburst.combiners.total()\n"
        )
        for name in names:
            if not (self.inputs / name).exists():
                (self.inputs / name).write_text("measured")
        items = [{"data": str(self.inputs / name)} for name in names]
        labels = {"submission": "job__b_1"}
        self.spec = {
            "analysis": "sizes.py",
            "items": items,
            "group": "lab",
            "labels": labels,
            "keep": keep,
            "batch_size": 1,
        }
        self.job_id = skyburst.client.create(self.spec, home=home).job_id
        self.record = a_record(
            *(f"lab/inputs/{name}" for name in names), job_id=self.job_id, state=SubmissionState(state)
        )
        self.note()

    def note(self) -> None:
        """What the deployment notes of the submission."""
        objects = open_store(self.inputs.parent.parent)
        Records(objects).put(self.record)
        note_owner(self.home.objects, self.job_id, objects.location, self.record)

    def drive(self) -> JobRecord:
        return self.home.drive(self.job_id)


def test_uploaded_inputs_are_deleted_right_after_success(project: Path) -> None:
    job = Submitted(project, LocalHome(), "a.npy", "b.npy", delete_inputs_after_success=True)
    stays = job.inputs / "other.npy"
    stays.write_text("somebody's")
    assert job.drive().state is JobState.SUCCEEDED
    assert sorted(job.inputs.iterdir()) == [stays]
    assert deleted_of(job.home.table.job(job.job_id))["inputs"]["objects"] == 2
    assert list(job.home.objects.list("retention/")) == []


def test_labels_which_anybody_may_give_a_job_delete_nothing(project: Path) -> None:
    home = LocalHome()
    job = Submitted(project, home, "a.npy")
    ended = skyburst.run({**job.spec, "keep": {"delete_inputs_after_success": True}}, home=home)
    assert ended.state is JobState.SUCCEEDED
    other = Submitted(project, home, "b.npy", delete_inputs_after_success=True)
    other.record.job_id = "another-1"  # its note leads to the record of another job
    other.note()
    other.drive()
    assert {path.name for path in job.inputs.iterdir()} == {"a.npy", "b.npy"}


@pytest.mark.parametrize("keep", [{"delete_inputs_after_success": True}, {"results_days": 1e-9}])
def test_nothing_of_a_job_is_deleted_before_its_submission_is_over(project: Path, keep: dict[str, Any]) -> None:
    job = Submitted(project, LocalHome(), "a.npy", state="STARTED", **keep)
    job.drive()
    (kept,) = later(job.home)
    assert kept.kept == "submission job__b_1 is not over"
    job.record.state = SubmissionState.ENDED
    job.note()
    (deleted,) = later(job.home)
    assert (deleted.kept, deleted.objects) == ("", 1)


def test_inputs_of_a_job_that_failed_stay(project: Path) -> None:
    job = Submitted(project, LocalHome(), "a.npy", "b.npy", delete_inputs_after_success=True)
    (job.inputs / "a.npy").unlink()
    assert job.drive().state is JobState.FAILED
    assert (job.inputs / "b.npy").exists()


def test_inputs_that_another_job_still_needs_stay_until_it_has_ended(project: Path) -> None:
    home = LocalHome()
    job = Submitted(project, home, "a.npy", delete_inputs_after_success=True)
    spec = {name: value for name, value in job.spec.items() if name not in ("group", "labels", "keep")}
    other = skyburst.client.create(spec, home=home)
    job.drive()
    (kept,) = later(home)
    assert kept.kept == f"job {other.job_id} still needs them"
    assert (job.inputs / "a.npy").exists()
    home.drive(other.job_id)
    assert [entry.objects for entry in later(home, 0)] == [] or not (job.inputs / "a.npy").exists()
    assert not (job.inputs / "a.npy").exists()


def test_inputs_stay_for_a_job_of_anybody_that_names_their_folder_or_has_a_long_list_of_items(project: Path) -> None:
    home = LocalHome()
    job = Submitted(project, home, "a.npy", delete_inputs_after_success=True)
    others = [
        skyburst.client.create("sizes.py", items=items, home=home)
        for items in ([{"data": str(job.inputs)}], [*range(2_000), {"data": [str(job.inputs / "a.npy")]}])
    ]
    job.drive()
    for other in reversed(others):
        (kept,) = later(home)
        assert kept.kept == f"job {other.job_id} still needs them"
        home.cancel(other.job_id)
    assert [entry.kept for entry in later(home)] == [""]


def test_inputs_that_a_parameter_of_another_job_names_stay_until_it_has_ended(project: Path) -> None:
    home = LocalHome()
    job = Submitted(project, home, "a.npy", delete_inputs_after_success=True)
    (project / "compare").mkdir()
    (project / "compare" / "blueprint.toml").write_text(
        'blueprint = 1\nname = "compare"\nversion = "1.0.0"\nworker = "compare:worker"\ncombiner = "compare:combine"\n'
        '[parameters.reference]\ntype = "string"\nformat = "path"\ndescription = "what it is compared with"\n'
    )
    (project / "compare" / "compare.py").write_text(
        "def worker(batch):\n    return 0\n\n\ndef combine(job, results):\n    return 0\n"
    )
    other = skyburst.client.create(
        "compare", items=range(4), parameters={"reference": "bucket/lab/inputs/a.npy"}, home=home
    )
    job.drive()
    (kept,) = later(home)
    assert kept.kept == f"job {other.job_id} still needs them"
    home.cancel(other.job_id)
    assert [entry.kept for entry in later(home)] == [""]


def test_the_oldest_job_keeps_what_it_needs_however_many_came_after_it(project: Path) -> None:
    home = LocalHome()
    job = Submitted(project, home, "a.npy", delete_inputs_after_success=True)
    other = skyburst.client.create({name: job.spec[name] for name in ("analysis", "items")}, home=home)
    job.drive()
    record = home.table.job(other.job_id)
    for number in range(1_001):
        home.table.create_job(replace(record, job_id=f"later-{number}", state=JobState.SUCCEEDED))
    (kept,) = later(home)
    assert kept.kept == f"job {other.job_id} still needs them"


def test_a_job_whose_items_cannot_be_read_keeps_what_it_may_need(project: Path) -> None:
    home = LocalHome()
    job = Submitted(project, home, "a.npy", delete_inputs_after_success=True)
    other = skyburst.client.create("sizes.py", items=list(range(2_000)), home=home)
    for chunk in home.objects.list("items/"):
        home.objects.put(chunk.key, b"{")
    job.drive()
    (kept,) = later(home)
    assert kept.kept.startswith(f"job {other.job_id} may need them: its items cannot be read: ")
    assert (job.inputs / "a.npy").exists()


def waits_for(project: Path, state: SubmissionState, data: str, **specification: Any) -> Records:
    """Have the bucket hold a submission of this data that has no job yet."""
    records = Records(open_store(project / "bucket"))
    file = {"dataname": data, "configname": "lab/configs/c.json", "timestamp": "t2"}
    specification = {"analysis": "x", "items": [{"data": str(project / "bucket" / data)}], **specification}
    record = a_record(data, state=state, job_id=None, content=json.dumps(file).encode(), specification=specification)
    record.identity, record.name, record.timestamp = "other", "job__b_2", "t2"
    records.put(record)
    return records


@pytest.mark.parametrize("state", [state for state in SubmissionState if not state.over])
@pytest.mark.parametrize("data", ["lab/inputs/a.npy", "lab/inputs"])
def test_inputs_that_a_submission_waits_for_stay_until_it_is_over(
    project: Path, state: SubmissionState, data: str
) -> None:
    job = Submitted(project, LocalHome(), "a.npy", delete_inputs_after_success=True)
    records = waits_for(project, state, data)
    job.drive()
    (kept,) = later(job.home)
    assert kept.kept == "submission job__b_2, which is not over, still needs them"
    assert (job.inputs / "a.npy").exists()
    record = records.get("lab", "job__b_2")
    record.state = SubmissionState.REFUSED
    records.put(record)
    assert [entry.kept for entry in later(job.home)] == [""]
    assert not (job.inputs / "a.npy").exists()


def test_inputs_that_a_parameter_of_a_submission_names_stay(project: Path) -> None:
    job = Submitted(project, LocalHome(), "a.npy", delete_inputs_after_success=True)
    waits_for(project, SubmissionState.QUEUED, "lab/inputs/b.npy", parameters={"reference": "lab/inputs/a.npy"})
    job.drive()
    (kept,) = later(job.home)
    assert kept.kept == "submission job__b_2, which is not over, still needs them"


def uploaded(project: Path, **fields: Any) -> Path:
    """A submit file that names the data, but for these fields."""
    file = project / "bucket" / "lab" / "submissions" / "submit.json"
    file.parent.mkdir()
    given = {"dataname": "lab/inputs/a.npy", "configname": "lab/configs/c.json", "timestamp": "t3", **fields}
    file.write_text(json.dumps(given))
    return file


@pytest.mark.parametrize("dataname", ["lab/inputs/a.npy", "s3://bucket/lab/inputs/a.npy", ["lab/inputs/"]])
def test_inputs_that_a_submit_file_names_which_nobody_has_received_stay(project: Path, dataname: Any) -> None:
    job = Submitted(project, LocalHome(), "a.npy", delete_inputs_after_success=True)
    file = uploaded(project, dataname=dataname)
    job.drive()
    (kept,) = later(job.home)
    assert kept.kept == "lab/submissions/submit.json, which is not yet received, still needs them"
    records = waits_for(project, SubmissionState.ENDED, "lab/inputs/a.npy")
    record = records.get("lab", "job__b_2")
    record.identity = identity_of("bucket", "lab", "t3", file.read_bytes())
    records.put(record)
    assert [entry.kept for entry in later(job.home)] == [""], "it was received, and is over"


@pytest.mark.parametrize("changed", [{"dataname": "lab/inputs/b.npy"}, {"timestamp": None}, {"dataname": 5}])
def test_submissions_that_need_other_data_or_none_keep_nothing(project: Path, changed: dict[str, Any]) -> None:
    job = Submitted(project, LocalHome(), "a.npy", delete_inputs_after_success=True)
    waits_for(project, SubmissionState.QUEUED, "lab/inputs/b.npy")
    uploaded(project, **changed)
    job.drive()
    assert later(job.home) == []
    assert not (job.inputs / "a.npy").exists()


def test_a_record_that_cannot_be_read_keeps_what_it_may_need(project: Path) -> None:
    job = Submitted(project, LocalHome(), "a.npy", delete_inputs_after_success=True)
    waits_for(project, SubmissionState.QUEUED, "lab/inputs/b.npy")
    (project / "bucket" / "logs" / "submissions" / "lab" / "job__b_2.json").write_text("{")
    job.drive()
    (kept,) = later(job.home)
    why = "it cannot be seen which submissions still need them: logs/submissions/lab/job__b_2.json"
    assert kept.kept.startswith(why)
    assert (job.inputs / "a.npy").exists()


def test_what_a_link_leads_to_stays(project: Path) -> None:
    job = Submitted(project, LocalHome(), "a.npy", delete_inputs_after_success=True)
    path, treasure = job.inputs / "a.npy", project / "treasure.npy"
    path.rename(treasure)
    path.symlink_to(treasure)
    assert job.drive().state is JobState.SUCCEEDED
    assert treasure.read_text() == "measured"


def test_what_links_above_and_below_lead_to_stays(project: Path) -> None:
    treasure = project / "treasure"
    treasure.mkdir()
    for name in ("film.npy", "other.npy"):
        (treasure / name).write_text("measured")
    inputs = project / "bucket" / "lab" / "inputs"
    (inputs / "mouse").mkdir(parents=True)
    (inputs / "mouse" / "own.npy").write_text("measured")
    (inputs / "mouse" / "odd\\name\n").write_text("measured")
    (inputs / "mouse" / "folder").symlink_to(treasure)
    (inputs / "mouse" / "film.npy").symlink_to(treasure / "film.npy")
    (inputs / "way").symlink_to(treasure)
    names = ("mouse", "mouse/folder/film.npy", "way/other.npy")
    job = Submitted(project, LocalHome(), *names, delete_inputs_after_success=True)
    assert job.drive().state is JobState.SUCCEEDED
    assert deleted_of(job.home.table.job(job.job_id))["inputs"]["objects"] == 2
    assert sorted(path.name for path in treasure.iterdir()) == ["film.npy", "other.npy"]
    assert sorted(path.name for path in (inputs / "mouse").iterdir()) == ["film.npy", "folder"]


@pytest.mark.parametrize(("mine", "other"), [("mouse/a.npy", "mouse"), ("mouse", "mouse/a.npy"), ("mouse/", "mouse")])
def test_a_folder_and_what_is_in_it_are_the_same_data(mine: str, other: str) -> None:
    first, second = ({f"/data/lab/inputs/{name}"} for name in (mine, other))
    assert overlap(first, second)
    assert not overlap(first, {"/data/lab/inputs/mouse2/a.npy", "/data/lab/inputs/mous"})


def test_what_is_in_a_folder_that_is_named_too_is_deleted_with_it() -> None:
    assert topmost(["/in/mouse/a", "/in/mouse/", "/in/mouse2", "/in/mouse2"]) == ["/in/mouse", "/in/mouse2"]


def test_a_job_that_is_gone_leaves_no_note(project: Path) -> None:
    home = LocalHome()
    job = Submitted(project, home, "a.npy", results_days=1)
    home.delete(job.job_id)
    assert later(home) == []
    assert list(home.objects.list("retention/")) == []


def test_the_command_says_what_it_did(program: Program, project: Path) -> None:
    assert "nothing is due" in program("retention", "run").err
    skyburst.run("squares.py", items=range(4), keep={"results_days": 2 / DAY_S})
    told = eventually(lambda: program("retention", "run").out, every_s=0.2)
    assert "results deleted, 1 file, 3 B" in told
    assert "results deleted" in program("status", "last").out
    with pytest.raises(ResultNotReady, match="results were deleted on"):
        LocalHome().result(LocalHome().find_job("last"))
    assert program("retention", "run", "--json").out.strip() == "[]"


def test_what_cannot_be_deleted_says_why_and_is_tried_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from skyburst.errors import StorageError
    from skyburst.objects import ObjectStore

    home = LocalHome()
    skyburst.run("squares.py", items=range(4), keep={"results_days": 1}, home=home)

    def refuse(*_: Any) -> None:
        raise StorageError("AccessDenied")

    with monkeypatch.context() as patched:
        patched.setattr(ObjectStore, "delete", refuse)
        (kept,) = later(home)
    assert kept.kept == "not all could be deleted: AccessDenied"
    assert "(not all of them yet)" in told(home.find_job("last"))
    assert [entry.objects for entry in later(home)] == [1]
    assert "not all" not in told(home.find_job("last"))
    assert later(home) == []


def test_what_is_ended_while_it_deletes_never_leaves_a_record_that_has_more_than_there_is(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skyburst.objects import ObjectStore

    home = LocalHome()
    skyburst.run("naps.py", items=range(4), keep={"results_days": 1}, home=home)

    def be_killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ObjectStore, "delete", be_killed)
        with pytest.raises(KeyboardInterrupt):
            later(home)
    job = home.find_job("last")
    assert deleted_of(job)["results"]["unfinished"]
    with pytest.raises(ResultNotReady, match=r"results were deleted on .* \(not all of them yet\)"):
        home.result(job)
    home.objects.delete([f"jobs/{job.job_id}/result.json"])  # as if that had been before its end
    (deleted,) = later(home, DAYS + 1)
    assert (deleted.objects, deleted.kept) == (2, ""), "what was there when it began"
    assert not [
        entry for entry in home.objects.list(f"jobs/{job.job_id}/") if is_result(entry.key, f"jobs/{job.job_id}/")
    ]
    assert "unfinished" not in deleted_of(home.table.job(job.job_id))["results"]


def test_uploads_are_deleted_on_by_the_next_look_when_one_is_ended(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = LocalHome()
    job = Submitted(project, home, "a.npy", "b.npy", inputs_days=1)
    job.drive()
    unlink = Path.unlink

    def be_killed(path: Path, *, missing_ok: bool = False) -> None:
        if path.name == "b.npy":
            raise KeyboardInterrupt
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", be_killed)
        with pytest.raises(KeyboardInterrupt):
            later(home)
    assert [path.name for path in job.inputs.iterdir()] == ["b.npy"]
    assert "(not all of them yet)" in told(home.table.job(job.job_id))
    (deleted,) = later(home)
    assert (deleted.objects, deleted.kept) == (2, "")
    assert list(job.inputs.iterdir()) == []
    assert "not all" not in told(home.table.job(job.job_id))
