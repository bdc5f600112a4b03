"""What follows a submission has folders of its own, and a job that is resumed is followed again. Real jobs in real processes."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from skyburst.cli.main import run_program
from skyburst.client import JobHandle
from skyburst.contracts.records import JobRecord
from skyburst.contracts.states import BatchState, JobState
from skyburst.engine.following import FollowUp
from skyburst.errors import InvalidJob, StorageError
from skyburst.homes.following import Following
from skyburst.homes.local.home import LocalHome
from skyburst.retention.enforcing import enforce
from skyburst.submissions import arrivals, layout
from skyburst.submissions.chain import WAITS_S
from skyburst.submissions.following import Follower
from skyburst.submissions.record import Record
from skyburst.submissions.watching import Told, Watcher, make_folders
from tests.submissions.places import Job, Lab, blueprint
from tests.submissions.test_watching import ended, until

FOLLOWING = Path(__file__).parent.parent / "following"
FLAKY = """
echo "trying"
if grep -q bad "$SKYBURST_INPUTS"/*; then echo half > "$SKYBURST_RESULTS/half.txt"; exit 3; fi
echo whole > "$SKYBURST_RESULTS/whole.txt"
"""


def submitted(shared: Path, analysis: str, fields: dict[str, Any] | None = None, **texts: str) -> Path:
    """Submit datasets of these texts to a watched folder, with further fields; the folder where results are to be."""
    lab = make_folders(shared, analysis, "mylab")
    for name, text in texts.items():
        (lab / "inputs" / f"{name}.txt").write_text(text)
    (lab / "configs" / "c.yaml").write_text("{}")
    names = [f"mylab/inputs/{name}.txt" for name in texts]
    document = {"dataname": names, "configname": "mylab/configs/c.yaml", "timestamp": "1", **(fields or {})}
    (lab / "submissions" / "submit.json").write_text(json.dumps(document))
    return lab / "results" / f"job__{analysis}_1"


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be watched, and analyses that follow each other."""
    flaky = tmp_path / "analyses" / "flaky"
    flaky.mkdir(parents=True)
    (flaky / "run.sh").write_text(FLAKY)
    (flaky / "blueprint.toml").write_text(
        'blueprint = 1\nname = "flaky"\nversion = "1.0.0"\ncommand = ["sh", "run.sh"]\n'
        "[environment]\nmemory_mb = 256\n[resources]\nattempts = 1\n"
    )
    monkeypatch.setenv("SKYBURST_PATH", f"{FOLLOWING}:{flaky.parent}")
    monkeypatch.setattr(arrivals, "SETTLED_S", 0.1)
    return tmp_path / "shared"


def test_what_follows_has_folders_as_if_its_group_had_submitted_it(
    shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[Told] = []
    first = submitted(shared, "splits", a="one two\n", b="three\n")
    results = first.parent
    follow = {name: results / f"job__counts_1{name}" for name in ("", "_a.txt", "_b.txt")}
    until(Watcher(shared, LocalHome(), time.time, told.append, at_once=4), lambda: ended(first, *follow.values()))
    for name, lines in {"_a.txt": "2", "_b.txt": "1"}.items():
        folder = follow[name]
        assert (folder / "process_results" / "count.txt").read_text().strip() == lines
        status = json.loads((folder / "logs" / f"DATASET_NAME:{name[1:]}_STATUS.txt").read_text())
        assert (status["status"], status["reason"]) == ("SUCCESS", 0)
        assert status["input"] == f"mylab/results/job__splits_1/{name[1:]}"
        assert json.loads((folder / "logs" / "certificate.json").read_text())["job"]["state"] == "SUCCEEDED"
    both = follow[""]
    delivered = {path.name for path in (both / "process_results").iterdir()}
    assert delivered - {"a.txt", "b.txt"} == {
        "count.txt", "update.txt", "end.txt", "job__splits_1next1-allconfig.json",
    }  # fmt: skip
    assert len(delivered) == 5, "of two outputs of one name the second is in a folder"
    certificate = (both / "logs" / "certificate.txt").read_text()
    assert certificate.count("| STATUS: SUCCESS |") == 2
    assert "Follows job__splits_1, as analysis splits says." in certificate
    assert "[Job Manager] STEP 4/4 (Initialize Processing): DONE" in certificate
    known = (first / "logs" / "certificate.txt").read_text()
    for folder in follow.values():
        assert f"results in {folder.name}\t" in known
    updated = (first / "process_results" / "update.txt").read_text().splitlines()
    assert (updated[0], len(updated)) == ("update results.", 4)
    activities = [json.loads(path.read_text()) for path in (shared / "splits" / "logs" / "mylab").iterdir()]
    assert {entry["jobpath"].rpartition("/")[2] for entry in activities} == {
        first.name,
        *(p.name for p in follow.values()),
    }
    assert not list((shared / "splits" / "logs" / "active").iterdir())
    assert {entry.text.split(":")[0] for entry in told if entry.submission == "mylab/job__counts_1"} == {
        "follows job__splits_1", "SUCCEEDED",
    }  # fmt: skip
    assert run_program(["submissions", "show", str(shared), "job__counts_1"]) == 0
    assert "\nfollows job__splits_1\n" in capsys.readouterr().out


def test_a_submission_whose_job_is_resumed_is_followed_again_until_its_end(shared: Path) -> None:
    told: list[Told] = []
    folder = submitted(shared, "flaky", good="fine", wrong="bad")
    end = folder / "process_results" / "end.txt"
    home = LocalHome()
    watcher = Watcher(shared, home, time.time, told.append, at_once=4)
    until(watcher, lambda: ended(folder))
    assert (folder / "process_results" / "half.txt").exists()
    job_id = next(entry.text for entry in told if entry.state == "STARTED").split()[-1]
    (shared / "flaky" / "mylab" / "inputs" / "wrong.txt").write_text("fine")
    JobHandle(job_id, home).resume()
    # Also by another watcher, which was started meanwhile.
    until(
        Watcher(shared, home, time.time, told.append, at_once=4),
        lambda: told[-1].state == "ENDED" and len(told) > 4,
    )
    assert [entry.text for entry in told if "resumed" in entry.text] == [f"job {job_id} was resumed"]
    assert end.read_text() == "end of analysis marker"
    certificate = (folder / "logs" / "certificate.txt").read_text()
    assert certificate.count("| STATUS: SUCCESS |") == 2
    assert "was resumed: it is followed again" in certificate
    assert not (folder / "process_results" / "half.txt").exists(), "it was of the dataset that is whole now"
    assert len(list((shared / "flaky" / "logs" / "mylab").iterdir())) == 3, "each dataset, and the one that ran again"


KEEP = {"keep": {"delete_inputs_after_success": True}}


def test_uploads_are_deleted_once_a_submission_that_asks_for_it_is_over(shared: Path) -> None:
    told: list[Told] = []
    folder = submitted(shared, "flaky", KEEP, good="fine")
    inputs = shared / "flaky" / "mylab" / "inputs"
    (inputs / "other.txt").write_text("not of this submission")
    watcher = Watcher(shared, LocalHome(), time.time, told.append)
    until(watcher, lambda: ended(folder) and watcher.turn() == 0)
    assert [entry.text for entry in told if entry.state is None] == ["inputs deleted: 1"]
    assert [path.name for path in inputs.iterdir()] == ["other.txt"]
    assert (folder / "process_results" / "whole.txt").exists()


@pytest.mark.parametrize("other_deletes", [False, True])
def test_uploads_are_deleted_although_another_program_deletes_what_is_due_at_that_moment(
    shared: Path, other_deletes: bool
) -> None:
    told: list[Told] = []
    home = LocalHome()
    folder = submitted(shared, "flaky", KEEP, good="fine")
    watcher = Watcher(shared, home, time.time, told.append)
    with FileLock(home.folder / "retention.lock"):
        until(watcher, lambda: ended(folder))
        assert watcher.turn() == 1, "it is not done: what is due is not deleted"
        deleted = list(enforce(home, time.time())) if other_deletes else []
        assert [entry.kept for entry in deleted] == [""] * other_deletes
    until(watcher, lambda: watcher.turn() == 0)
    assert [entry.text for entry in told if entry.state is None] == ["inputs deleted: 1"]
    assert not list((shared / "flaky" / "mylab" / "inputs").iterdir())


# With a job that is a script


NEXT = [{"analysis": "second", "on": "each"}, {"analysis": "second", "on": "all"}]


def chained(lab: Lab, record: Record) -> Job:
    """A job, of two datasets, that others follow."""
    job = lab.start(record)
    found = lab.home.table.job(job.job_id)
    found.analysis["blueprint"]["next"] = [{**section, "parameters": {"x": 1}} for section in NEXT]
    found.plan = {"items": 2, "batch_size": 1, "batches": 2, "levels": 1, "fan_out": 2}
    lab.home.table.update_job(found)
    return job


def what_follows(lab: Lab, job: Job, refused: str = "") -> None:
    """What follows is started, as a home does it; nothing drives it."""

    def start(follow_up: FollowUp) -> str:
        if follow_up.on == refused:
            raise InvalidJob("the budget of group mylab has 0.10 USD left")
        job_id = f"second-{follow_up.key}"
        analysis = {"name": "second", "blueprint": blueprint(name="second").document(), "digest": "d"}
        analysis["combiner"] = "skyburst.environments.dataset:collect"
        one = JobRecord(job_id, follow_up.specification, analysis, {"x": 1}, JobState.RUNNING, created_at=lab.now)
        lab.home.table.create_job(one)
        return job_id

    record = lab.home.table.job(job.job_id)
    following = Following(lab.home.objects, f"jobs/{job.job_id}/", record, start)
    following.each([0, 1])
    following.all()


def follower(lab: Lab, begun: list[Record]) -> Follower:
    return Follower(lab.bucket, lab.home.table, lab.home.objects, lab.clock, begun=begun.append)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def finished(lab: Lab, record: Record) -> Job:
    job = chained(lab, record)
    job.names = {0: "a.npy", 1: "b.npy"}
    job.ends(0, out_npy=b"1")
    job.ends(1, out_npy=b"2")
    job.finish()
    return job


def test_the_end_waits_until_it_is_known_what_follows_and_not_for_its_end(lab: Lab) -> None:
    record = lab.submit()
    job, begun = finished(lab, record), list[Record]()
    assert not follower(lab, begun).turn(record), "at home aws, what follows is started after the end"
    what_follows(lab, job)
    assert follower(lab, begun).turn(record)
    names = [one.name for one in begun]
    assert names == ["job__second_17_a.npy", "job__second_17_b.npy", "job__second_17"]
    assert [dataset.name for dataset in begun[2].datasets] == ["a.npy", "b.npy"]
    child, following = begun[2], follower(lab, [])
    assert not following.turn(child)
    assert json.loads(lab.text(child.folder.status("a.npy")))["status"] == "INITIALIZING"
    assert json.loads(lab.text("mylab/configs/job__pca_17next1-allconfig.json")) == {"x": 1}
    lab.home.table.delete_job(str(child.job_id))
    assert following.turn(child)
    assert lab.text(child.folder.end) == "end of analysis marker"


def test_what_cannot_follow_is_told_to_the_submitter(lab: Lab) -> None:
    record = lab.submit()
    job, begun = finished(lab, record), list[Record]()
    what_follows(lab, job, refused="all")
    assert follower(lab, begun).turn(record)
    assert len(begun) == 2
    told = "second does not follow: the budget of group mylab has 0.10 USD left"
    assert f"RESOURCE ERROR: {told}" in lab.text(record.folder.certificate)
    assert told in lab.text(record.folder.update).splitlines()


def test_what_is_never_started_is_told_and_the_end_comes(lab: Lab) -> None:
    record = lab.submit()
    finished(lab, record)
    assert not follower(lab, []).turn(record)
    lab.now += WAITS_S + 1
    assert follower(lab, []).turn(record)
    assert "RESOURCE ERROR: 3 jobs that should follow were not started" in lab.text(record.folder.certificate)


@pytest.mark.parametrize("state", [JobState.CANCELLED, JobState.FAILED])
def test_after_another_end_nothing_is_waited_for_that_will_not_come(lab: Lab, state: JobState) -> None:
    record = lab.submit()
    job = chained(lab, record)
    job.finish(state, "for some reason")
    assert follower(lab, []).turn(record)


def test_a_follower_that_is_killed_anywhere_begins_each_job_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def followed(folder: Path, fatal: int | None) -> tuple[dict[str, str], int]:
        lab = Lab(folder)
        record = lab.submit()
        what_follows(lab, finished(lab, record))
        count, put = 0, type(lab.objects).put

        def dying(store: Any, *given: Any) -> None:
            nonlocal count
            count += 1
            put(store, *given)
            if count == fatal:
                raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(type(lab.objects), "put", dying)
            try:
                assert follower(lab, []).turn(record)
            except KeyboardInterrupt:
                begun: list[Record] = []
                assert follower(lab, begun).turn(lab.reception.records.get("mylab", record.name))
        left = {key: lab.text(key) for key in lab.listed() if not key.startswith(layout.RECORDS)}
        names = lab.listed(layout.RECORDS)
        lab.home.close()
        return {**left, **dict.fromkeys(names, "")}, count

    expected, count = followed(tmp_path / "whole", None)
    assert count > 10
    for fatal in range(1, count + 1):
        assert followed(tmp_path / str(fatal), fatal)[0] == expected


def test_a_job_that_is_cancelled_and_resumed_between_two_looks_is_seen_to_run_again(lab: Lab) -> None:
    record = lab.submit()
    job = lab.start(record)
    job.ends(0, out_npy=b"1")
    job.ends(1, "FAILED", 3, half_npy=b"2")
    assert not follower(lab, []).turn(record)
    assert "process_results/half.npy" in str(lab.listed(record.folder.prefix))
    before = [dataset.environment for dataset in record.datasets]
    lab.home.table.release(job.job_id, [BatchState.FAILED])
    found = lab.home.table.job(job.job_id)
    found.runs += 1
    lab.home.table.update_job(found)
    assert not follower(lab, []).turn(record)
    assert [dataset.status for dataset in record.datasets] == ["SUCCESS", "IN PROGRESS"]
    assert [dataset.environment == one for dataset, one in zip(record.datasets, before, strict=True)] == [True, False]
    job.ends(1, whole_npy=b"3")
    job.finish()
    assert follower(lab, []).turn(record)
    outputs = {key.rpartition("/")[2] for key in lab.listed(f"{record.folder.prefix}/process_results")}
    assert outputs >= {"out.npy", "whole.npy"}
    assert "half.npy" not in outputs


def test_nothing_is_written_or_removed_through_a_link_below_the_results(lab: Lab, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "half.npy").write_text("theirs")
    record = lab.submit()
    job = lab.start(record)
    job.ends(1, "FAILED", 3, sub__half_npy=b"mine")
    assert not follower(lab, []).turn(record)
    sub = lab.path / record.folder.prefix / "process_results" / "sub"
    (sub / "half.npy").unlink()
    sub.rmdir()
    sub.symlink_to(theirs)
    found = lab.home.table.job(job.job_id)
    found.runs += 1
    lab.home.table.update_job(found)
    with pytest.raises(StorageError, match="by a link: remove the link"):
        follower(lab, []).turn(record)
    job.ends(0, sub__other_npy=b"mine")
    record.run = found.runs
    assert not follower(lab, []).turn(record)
    assert "by a link: remove the link" in lab.text(record.folder.certificate)
    assert [path.read_text() for path in theirs.iterdir()] == ["theirs"]


def test_of_very_many_that_follow_a_look_notes_as_many_as_it_has_time_for(lab: Lab) -> None:
    record = lab.submit()
    what_follows(lab, finished(lab, record))
    begun: list[Record] = []
    one = follower(lab, begun)
    for _ in range(2):
        assert not one.turn(record, until=lab.now - 1)
    assert begun == []
    assert one.turn(record, until=lab.now + 1)
    assert len(begun) == 3
