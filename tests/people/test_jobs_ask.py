"""Each job is asked whether its group and user may run its analysis, at both homes: those that are resumed or follow, too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from skyburst.client import create
from skyburst.contracts.job import parse_job
from skyburst.errors import InvalidJob, InvalidPeople, NotAllowed
from skyburst.finding import find_analysis, find_probe
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.job_lists import JobLists
from skyburst.homes.aws.planner import Planner
from skyburst.homes.local.home import LocalHome
from skyburst.objects import open_store
from skyburst.people.files import load_files, write_records
from skyburst.people.records import Group, User
from tests.conftest import REPOSITORY

SCRIPTED = REPOSITORY / "tests" / "local" / "scripted"
ITEMS = [{"script": ["ok"]}]
LAB = Group(name="lab", approved=True, analyses=["scripted"])
OTHER = Group(name="other", approved=True, analyses=["another"])
ADA = User(name="ada", group="lab", approved=True)
BEN = User(name="ben", group="lab")
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "job.group is missing, job.user is missing, job.analysis is 'scripted': the job says neither whose it is"),
    ({"user": "ben"}, "the user 'ben' is not approved yet: the operator does that: `skyburst people approve ben`"),
    ({"user": "eve"}, "there is no user 'eve': join a group with its code"),
    ({"group": "other", "user": "ada"}, "the user 'ada' does not belong to the group 'other'"),
    ({"group": "other"}, "the operator allows it: `skyburst group allow other scripted`"),
]


def keep(folder: Path | str, *records: Group | User) -> None:
    write_records(str(folder), records, load_files(str(folder)))


@pytest.fixture
def home(state_folder: Path) -> LocalHome:
    keep(state_folder / "people", LAB, OTHER, ADA, BEN)
    return LocalHome()


def submit(home: LocalHome, **fields: Any) -> str:
    return create(home=home, analysis=str(SCRIPTED), items=ITEMS, **fields).job_id


@pytest.mark.parametrize(("whose", "told"), REFUSED)
def test_a_job_on_this_machine_is_refused_before_anything_of_it_is_stored(
    home: LocalHome, whose: dict[str, Any], told: str
) -> None:
    with pytest.raises(NotAllowed) as refused:
        submit(home, **whose)
    assert told in str(refused.value)
    assert not list(home.table.jobs())


def test_a_job_on_this_machine_runs_for_who_may_until_that_is_over(home: LocalHome) -> None:
    submit(home, group="lab")
    job = submit(home, user="ada")
    keep(home.folder / "people", User(name="ada", group="lab", denied="left the lab"))
    with pytest.raises(NotAllowed, match="was not approved"):
        home.prepare_resume(job)
    keep(home.folder / "people", ADA)
    home.prepare_resume(job)


def test_a_home_without_profiles_is_open_to_all_and_the_job_of_the_doctor_to_nobody_in_particular(
    state_folder: Path, tmp_path: Path
) -> None:
    home = LocalHome()
    submit(home)
    submit(home, user="anybody")
    keep(state_folder / "people", LAB)
    probe = {"analysis": "probe", "items": {"range": [0, 1]}}
    home.create_job(parse_job(probe), find_probe(), tmp_path)
    mine = tmp_path / "probe"
    mine.mkdir()
    (mine / "blueprint.toml").write_text(
        'blueprint = 1\nname = "probe"\nversion = "1.0.0"\nworker = "a:b"\ncombiner = "a:c"\n'
    )
    with pytest.raises(NotAllowed, match="neither whose it is"):
        home.create_job(parse_job(probe), find_analysis(str(mine)), tmp_path)


def test_no_job_runs_while_the_folder_that_was_named_is_not_there(
    state_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKYBURST_PEOPLE", str(tmp_path / "share"))
    with pytest.raises(
        InvalidPeople, match=r"share, which was named as the folder of profiles.*mount it if it is a share"
    ):
        submit(LocalHome(state_folder), user="ada")


# At home aws, before anything of the deployment but its bucket is asked


@pytest.fixture
def planner(tmp_path: Path) -> Planner:
    folder = tmp_path / "bucket"
    folder.mkdir()
    deployed = Deployed("bucket", "batches", "jobs", "skyburst")
    deployed.__dict__.update(objects=open_store(folder))
    reference = {**find_analysis(str(SCRIPTED)).reference(), "location": "analysis"}
    probe = {**find_probe().reference(), "location": "analysis"}
    registry = {"scripted": {"reference": reference, "lanes": 1}, "probe": {"reference": probe, "lanes": 1}}
    return Planner(deployed, registry)


def specification(**fields: Any) -> dict[str, Any]:
    return {"analysis": "scripted", "items": ITEMS, **fields}


@pytest.mark.parametrize(("whose", "told"), REFUSED)
def test_the_planner_refuses_a_job_before_anything_of_it_is_stored(
    planner: Planner, tmp_path: Path, whose: dict[str, Any], told: str
) -> None:
    keep(tmp_path / "bucket" / "people", LAB, OTHER, ADA, BEN)
    with pytest.raises(NotAllowed) as refused:
        planner.plan(specification(**whose), "job-1")
    assert told in str(refused.value)
    assert not (tmp_path / "bucket" / "jobs").exists()


def test_the_planner_lets_in_who_may_and_everybody_where_there_are_no_profiles(
    planner: Planner, tmp_path: Path
) -> None:
    planner.require_allowed(parse_job(specification()))
    keep(tmp_path / "bucket" / "people", LAB, ADA)
    planner.require_allowed(parse_job(specification(user="ada")))
    planner.require_allowed(parse_job({"analysis": "probe", "items": {"range": [0, 1]}}))


def test_the_planner_refuses_to_tell_a_topic_that_the_deployment_may_not_publish_to(planner: Planner) -> None:
    own, other = (f"arn:aws:sns:us-east-1:123456789012:{name}" for name in ("own", "other"))
    wanted = specification(notify=[f"sns:{own}", "mailto:ada@lab.edu", f"sns:{other}"])
    planner.check(wanted)  # where nothing is known of topics, whoever tells finds out
    planner._deployed.topics = frozenset([own, other])
    planner.check(wanted)
    for topics, published in (([own], own), ([], "no topic")):
        planner._deployed.topics = frozenset(topics)
        refused = f"job.notify has 'sns:{other if topics else own}', and this deployment publishes to {published}: deploy with it"
        with pytest.raises(InvalidJob, match=f"{refused} in --notify-topics"):
            planner.check(wanted)
        planner.check(specification(notify=["mailto:ada@lab.edu"]))


def test_a_list_of_jobs_is_refused_as_a_whole_naming_those_that_may_not_run(planner: Planner, tmp_path: Path) -> None:
    keep(tmp_path / "bucket" / "people", LAB, ADA, BEN)
    jobs = [specification(user="ada"), specification(user="ben"), specification(user="ben")]
    with pytest.raises(InvalidJob, match=r"2 of 3 jobs cannot be run.*jobs\[1\].*'ben' is not approved yet.*jobs\[2\]"):
        JobLists(planner._deployed, planner).prepare({"jobs": jobs}, "list")
    answer = JobLists(planner._deployed, planner).prepare({"jobs": jobs[:1]}, "list")
    assert answer["jobs"] == 1
