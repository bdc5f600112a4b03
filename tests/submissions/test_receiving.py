"""From an upload to a job specification: what is right becomes one, what is wrong is told where its submitter looks."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from skyburst.errors import InvalidSubmission, StorageError
from skyburst.objects import ObjectStore, open_store
from skyburst.people import Gatekeeper
from skyburst.people.files import load_files, write_records
from skyburst.people.records import Group, Settings, User
from skyburst.submissions.gate import Gates, Wanted
from skyburst.submissions.record import SubmissionState
from tests.submissions.places import Lab, blueprint


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def spec_of(record: Any) -> dict[str, Any]:
    assert record.state is SubmissionState.QUEUED, record.reason
    return dict(record.specification)


def test_each_dataset_is_an_item_of_one_job(lab: Lab) -> None:
    lab.put("mylab/configs/c.yaml", b"threshold: 1\n__duration__: 90\n__dataset_size__: 52\n")
    spec = spec_of(lab.submit(instance_type="m5.4xlarge"))
    root = str(lab.path)
    assert spec["items"] == [
        {"data": f"{root}/mylab/inputs/{name}", "name": name, "config_file": f"{root}/mylab/configs/c.yaml"}
        for name in ("a.npy", "b.npy")
    ]
    assert spec["environment"] == {"instance_type": "m5.4xlarge", "timeout_min": 90.0, "disk_gb": 60}
    assert spec["parameters"] == {"threshold": 1}
    assert isinstance(spec["parameters"]["threshold"], int)
    assert (spec["group"], spec["name"], spec["batch_size"]) == ("mylab", "job__pca_17", 1)
    assert spec["labels"] == {"submission": "job__pca_17", "bucket": "pca", "group": "mylab"}


def test_the_certificate_tells_each_step(lab: Lab) -> None:
    record = lab.submit()
    text = lab.text("mylab/results/job__pca_17/logs/certificate.txt")
    for line in (
        "ANALYSIS VERSION ID: ab12\n",
        "JOB ID: 17\t [+0:00:00.00]",
        "Using default instance type m5.large from config file.",
        "Analysis request with dataset(s): ['mylab/inputs/a.npy', 'mylab/inputs/b.npy'], config file mylab/configs/c.yaml",
        "[Job Manager] STEP 1/4 (Initialization): DONE",
        "parameter __duration__ not given, proceeding with standard compute launch.",
        "[Job Manager] STEP 3/4 (Environment Setup): DONE",
    ):
        assert line in text
    assert record.folder.end not in lab.listed()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"timestamp": ...}, "does not contain field 'timestamp'"),
        ({"dataname": ...}, "does not contain field 'dataname'"),
        ({"configname": ...}, "does not contain field 'configname'"),
        ({"dataname": 5}, "dataname is 5"),
        ({"dataname": "mylab/inputs/a.n"}, "does not contain mylab/inputs/a.n:"),
        ({"dataname": "mylab/input"}, "does not contain mylab/input:"),
        ({"dataname": ["mylab/inputs/a.npy", "mylab/inputs/no"]}, "does not contain mylab/inputs/no:"),
        ({"dataname": "mylab/inputs/a.npy/x"}, "mylab/inputs/a.npy/x"),
        ({"dataname": "mylab/inputs/.DS_Store"}, "hidden files only"),
        ({"dataname": "other/inputs/a.npy"}, "group 'mylab' has the keys that start with mylab/"),
        ({"dataname": "mylab2/inputs/a.npy"}, "group 'mylab' has the keys"),
        ({"configname": "other/configs/c.yaml"}, "configname is other/configs/c.yaml"),
        ({"configname": "mylab/configs/c"}, "does not contain mylab/configs/c:"),
        ({"configname": "mylab/inputs/a.npy"}, "expected the name of a .json, .yaml or .yml file"),
        ({"resultpath": "s3://pca/other/x"}, "resultpath is s3://pca/other/x"),
        ({"resultpath": "s3://pca/mylab/submissions/results"}, "could be taken for submissions"),
        ({"instance_type": "big one"}, "instance_type is"),
    ],
)
def test_what_is_wrong_is_told_by_name(lab: Lab, fields: dict[str, Any], told: str) -> None:
    lab.put("other/inputs/a.npy")
    lab.put("other/configs/c.yaml")
    lab.put("mylab2/inputs/a.npy")
    assert told in lab.refused(**fields)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (b"threshold: 2", "config file mylab/configs/c.yaml: parameters.threshold is 2: expected at most 1"),
        (b"threshold: '0.5'", 'parameters.threshold is "0.5": expected number'),
        (b"treshold: 1", "parameters.treshold: there is no such parameter; did you mean 'threshold'?"),
        (b"a: [", "is not YAML"),
        (b"__duration__: soon", '__duration__ is "soon"'),
        (b"ensemble_size: 2", "expected one dataset for an ensemble"),
    ],
)
def test_a_config_is_checked_before_anything_starts(lab: Lab, config: bytes, told: str) -> None:
    lab.put("mylab/configs/c.yaml", config)
    assert told in lab.refused()


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"dataname": "x"}'])
def test_a_file_without_a_timestamp_has_a_folder_by_the_time_of_its_upload(lab: Lab, raw: bytes) -> None:
    lab.refused(raw=raw, at=1700000000.5)
    assert "end of analysis marker" in lab.text("mylab/results/job__pca_20231114_221320/process_results/end.txt")


def test_a_folder_is_one_dataset_and_hidden_files_are_none(lab: Lab) -> None:
    for name in ("x.bin", "y.bin", ".DS_Store"):
        lab.put(f"mylab/inputs/model/{name}")
    lab.put("mylab/inputs/hidden/.DS_Store")
    lab.put("mylab/inputs/hidden/._x")
    spec = spec_of(lab.submit(dataname=["mylab/inputs/model/", "mylab/inputs/.DS_Store"]))
    assert [item["name"] for item in spec["items"]] == ["model"]
    text = lab.text("mylab/results/job__pca_17/logs/certificate.txt")
    assert "mylab/inputs/.DS_Store is a hidden file and no dataset: left out" in text
    assert "does not contain mylab/inputs/hidden" in lab.refused(dataname="mylab/inputs/hidden", timestamp="18")


def test_a_folder_of_hidden_files_that_are_data_is_a_dataset(lab: Lab) -> None:
    lab.put("mylab/inputs/group.zarr/.zgroup")
    spec = spec_of(lab.submit(dataname="mylab/inputs/group.zarr"))
    assert [item["name"] for item in spec["items"]] == ["group.zarr"]


def test_datasets_of_one_base_name_are_told_apart(lab: Lab) -> None:
    lab.put("mylab/inputs/day2/a.npy")
    record = lab.submit(dataname=["mylab/inputs/a.npy", "mylab/inputs/day2/a.npy"])
    assert [item["name"] for item in spec_of(record)["items"]] == ["a.npy", "a.npy-2"]


def test_an_ensemble_is_one_dataset_with_a_config_each(lab: Lab) -> None:
    lab.put("mylab/configs/e.json", b'{"threshold": 0.5, "ensemble_size": 3, "mode": "train"}')
    spec = spec_of(lab.submit(dataname="mylab/inputs/a.npy", configname="mylab/configs/e.json"))
    names = [f"mylab/configs/job__pca_17inst{number}config.json" for number in (1, 2, 3)]
    assert [item["config_file"] for item in spec["items"]] == [f"{lab.path}/{name}" for name in names]
    assert [item["name"] for item in spec["items"]] == ["a.npy", "a.npy-2", "a.npy-3"]
    assert json.loads(lab.text(names[2])) == {"threshold": 0.5, "ensemble_size": 3, "mode": "train", "jobnb": 3}
    assert spec["parameters"] == {"threshold": 0.5}


def test_the_same_uploaded_twice_is_one_submission(lab: Lab) -> None:
    first = lab.submit()
    lab.now += 100
    again = lab.submit()
    assert again == first
    assert len(lab.listed("logs/submissions/")) == 1


def test_another_one_of_the_same_second_has_a_folder_of_its_own(lab: Lab) -> None:
    first, second = lab.submit(), lab.submit(dataname="mylab/inputs/a.npy")
    assert (first.name, second.name) == ("job__pca_17", "job__pca_17_2")
    assert first.specification["idempotency_key"] != second.specification["idempotency_key"]  # type: ignore[index]
    assert lab.submit(dataname="mylab/inputs/a.npy").name == "job__pca_17_2"


def test_what_was_refused_may_be_uploaded_again_when_it_is_mended(lab: Lab) -> None:
    lab.refused(dataname="mylab/inputs/late.npy", at=lab.now)
    lab.put("mylab/inputs/late.npy")
    same = lab.submit(dataname="mylab/inputs/late.npy", at=lab.now)
    assert same.state is SubmissionState.REFUSED  # the same upload, told twice
    later = lab.submit(dataname="mylab/inputs/late.npy", at=lab.now + 5)
    assert (later.name, later.state) == ("job__pca_17_2", SubmissionState.QUEUED)


def test_a_reception_that_was_interrupted_goes_on_though_the_file_is_replaced(lab: Lab, monkeypatch: Any) -> None:
    def broken(*_: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(lab.reception, "_third_step", broken)
        with pytest.raises(KeyboardInterrupt):
            lab.submit()
    (record,) = lab.reception.records.all()
    assert record.state is SubmissionState.RECEIVED
    assert lab.reception.go_on(record)
    (record,) = lab.reception.records.all()
    assert record.state is SubmissionState.QUEUED
    assert record.content == b""
    assert sum("STEP 1/4" in line.text for line in record.lines) == 1


def test_data_config_and_results_may_be_in_buckets_of_their_own(tmp_path: Path) -> None:
    stores: dict[str, ObjectStore] = {}

    def open_bucket(name: str) -> ObjectStore:
        return stores.setdefault(name, open_store(tmp_path / "buckets" / name, create=True))

    open_bucket("data").put("x/a.npy", b"")
    open_bucket("settings").put("c.json", b'{"threshold": 0.1, "ensemble_size": 1}')
    lab = Lab(tmp_path, open_bucket=open_bucket, others=frozenset({"pmd"}))
    record = lab.submit(
        dataname="s3://data/x/a.npy", configname="s3://settings/c.json", resultpath="s3://results/mine/"
    )
    (item,) = spec_of(record)["items"]
    assert item["data"] == str(tmp_path / "buckets/data/x/a.npy")
    assert item["config_file"] == str(lab.path / "mylab/configs/job__pca_17inst1config.json")
    elsewhere = open_bucket("results").get("mine/job__pca_17/logs/certificate.txt").decode()
    assert "Storage Bypass initiated to bucket: s3://results" in elsewhere
    assert lab.text(record.folder.certificate) == elsewhere
    open_bucket("pmd").put("other/inputs/a.npy", b"")
    assert "group 'mylab' has the keys" in lab.refused(dataname="s3://pmd/other/inputs/a.npy", timestamp="18")
    lab.submit(dataname="s3://pca/mylab/inputs/a.npy", timestamp="19")
    assert "does not contain s3://data/x/b.npy" in lab.refused(
        dataname="s3://data/x/b.npy", resultpath="s3://results/mine", timestamp="20"
    )
    assert open_bucket("results").get("mine/job__pca_20/process_results/end.txt") == b"end of analysis marker"


@pytest.mark.parametrize(
    "location",
    [
        "other/inputs/a.npy", "../pca/other/inputs/a.npy", "../pmd/other/inputs/a.npy", "s3://pca/other/inputs/a.npy",
        "S3A://pmd/other/x", "https://pmd.s3.eu-west-1.amazonaws.com/other/x", "https://s3.amazonaws.com/pmd/other/x",
        "s3://pca/mylab2/x", "s3://pca/%6fther/x",
    ],
)  # fmt: skip
def test_a_parameter_names_no_file_of_another_group(tmp_path: Path, location: str) -> None:
    masks = {"type": "array", "items": {"type": "string"}, "format": "path", "default": []}
    lab = Lab(tmp_path, offer=blueprint(parameters={"masks": masks}), others=frozenset({"pmd"}))
    lab.put("other/inputs/a.npy")
    open_store(tmp_path / "pmd", create=True).put("other/inputs/a.npy", b"")
    own = ["mylab/inputs/a.npy", "s3://pca/mylab/inputs/a.npy", "https://atlas.example.org/other/x", "s3://atlas/x"]
    lab.put("mylab/configs/c.yaml", json.dumps({"masks": own}).encode())
    assert spec_of(lab.submit())["parameters"] == {"masks": own}
    lab.put("mylab/configs/c.yaml", json.dumps({"masks": [*own, location]}).encode())
    assert "group 'mylab' has the keys that start with mylab/" in lab.refused(timestamp="18")


@pytest.mark.parametrize("field", ["dataname", "configname", "masks"])
def test_what_the_functions_of_an_analysis_may_not_read_is_refused_before_the_work(tmp_path: Path, field: str) -> None:
    masks = {"type": "string", "format": "path", "default": "s3://pca/mylab/inputs/m"}
    others = frozenset({"pmd", "open"})
    lab = Lab(tmp_path, offer=blueprint(parameters={"masks": masks}), others=others, closed=frozenset({"pmd"}))
    elsewhere = "s3://pmd/mylab/inputs/a.npy"
    lab.put("mylab/configs/c.yaml", json.dumps({"masks": elsewhere} if field == "masks" else {}).encode())
    named = {} if field == "masks" else {field: elsewhere}
    told = lab.refused(**named)
    assert elsewhere in told
    assert "in the bucket of another analysis, which this one may not read: upload it to this one's, or ask" in told


def test_an_unwritable_place_for_results_is_told_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "sealed").write_text("a file where a folder is expected")

    def open_bucket(_: str) -> ObjectStore:
        return open_store(tmp_path / "sealed")

    lab = Lab(tmp_path, open_bucket=open_bucket)
    assert "resultpath: " in lab.refused(resultpath="s3://results/mine")


def test_a_submission_whose_place_for_results_is_gone_ends_in_the_folder_of_its_group(tmp_path: Path) -> None:
    results = open_store(tmp_path / "results", create=True)
    lab = Lab(tmp_path, open_bucket=lambda _: results)
    record = lab.submit(resultpath="s3://results/mine")
    assert record.state is SubmissionState.QUEUED
    shutil.rmtree(tmp_path / "results" / "mine")
    (tmp_path / "results" / "mine").write_text("a file where a folder was")
    with pytest.raises(StorageError):
        lab.reception.waits(record, "no room")
    lab.reception.fail(record, 4, "it could not be looked after")
    assert lab.text(f"mylab/results/{record.name}/process_results/end.txt") == "end of analysis marker"
    certificate = lab.text(f"mylab/results/{record.name}/logs/certificate.txt")
    assert "s3://results/mine cannot be written" in certificate
    assert "it could not be looked after" in certificate


class Strict:
    """A gate that lets one group in, with a budget for one submission."""

    def __init__(self) -> None:
        self.reserved: set[str] = set()

    def may_submit(self, group: str, user: str | None, analysis: str) -> str | None:
        return None if group == "mylab" else f"group {group!r} may not run {analysis!r}"

    def reserve(self, wanted: Wanted) -> list[str]:
        if self.reserved - {wanted.submission}:
            raise InvalidSubmission(
                "Projected total costs: $2. Over budget ($1), cancelling job. Contact administrator."
            )
        self.reserved.add(wanted.submission)
        return [f"Projected total costs: ${wanted.datasets}. Remaining budget: $1"]


def test_the_gate_decides_and_what_it_says_is_seen(lab: Lab) -> None:
    lab.reception.gate = Strict()
    record = lab.submit()
    assert "Projected total costs: $2. Remaining budget: $1" in lab.text(record.folder.certificate)
    assert "Over budget ($1), cancelling job." in lab.refused(timestamp="18")
    other, _ = lab.reception.receive("thieves/submissions/submit.json", b'{"timestamp": "1", "dataname": "thieves/x", '
                                     b'"configname": "thieves/c.json"}', 0.0)  # fmt: skip
    assert other.reason == "group 'thieves' may not run 'pca'"


def test_where_users_are_required_a_submission_says_whose_it_is(lab: Lab, tmp_path: Path) -> None:
    people = [
        User(name="ada", group="mylab", approved=True), Group(name="mylab", approved=True, analyses="all"),
        Settings(users_required=True),
    ]  # fmt: skip
    where = str(tmp_path / "people")
    write_records(where, people, load_files(where))
    lab.reception.gate = Gates(Gatekeeper(where))
    assert "does not say whose it is: give `user`, in the job, in the submit file" in lab.refused(timestamp="18")
    assert "there is no user 'eve'" in lab.refused(timestamp="19", user="eve")
    spec = spec_of(lab.submit(user="ada"))
    assert (spec["group"], spec["user"]) == ("mylab", "ada")


def test_what_is_no_submission_is_an_error_of_the_caller(lab: Lab) -> None:
    with pytest.raises(InvalidSubmission, match="no submission"):
        lab.reception.receive("mylab/inputs/submit.json", b"{}", 0.0)


def test_parameters_are_handed_on_as_they_are_when_the_blueprint_declares_none(tmp_path: Path) -> None:
    lab = Lab(tmp_path, offer=blueprint(parameters=None))
    lab.put("mylab/configs/c.yaml", b"anything: [1, {x: 2.0}]\n__duration__: 5\n")
    assert spec_of(lab.submit())["parameters"] == {"anything": [1, {"x": 2.0}]}


def test_the_samples_of_the_page_are_a_submission(lab: Lab) -> None:
    samples = Path(__file__).resolve().parents[2] / "docs" / "samples"
    lab.bucket.open_bucket = lambda _: lab.objects
    lab.put("mylab/inputs/data_a.npy")
    lab.put("mylab/inputs/data_b.npy")
    lab.put("mylab/configs/config.yaml", (samples / "submit_config.yaml").read_bytes())
    spec = spec_of(lab.submit(raw=(samples / "submit.json").read_bytes()))
    assert spec["parameters"] == {"threshold": 0.25}
    assert spec["environment"] == {"instance_type": "m5.4xlarge", "timeout_min": 60.0}


def test_any_number_of_submissions_may_have_one_timestamp_and_the_same_one_is_found_again(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skyburst.submissions.record.MOST_NUMBERED", 3)
    types = [f"m{number}.large" for number in range(1, 8)]
    names = [lab.submit(instance_type=one).name for one in types]
    assert names[:3] == ["job__pca_17", "job__pca_17_2", "job__pca_17_3"]
    assert len(set(names)) == 7
    assert all(re.fullmatch("job__pca_17_[0-9a-f]{16}", name) for name in names[3:])
    assert [lab.submit(instance_type=one).name for one in types] == names
    refused = [lab.submit(timestamp="17", dataname="mylab/inputs/gone", at=lab.now + day).name for day in range(3)]
    assert len({*names, *refused}) == 10, "what was refused may be uploaded once more"


def test_what_is_kept_and_who_is_told_are_the_jobs(lab: Lab) -> None:
    keep, notify = {"inputs_days": 3}, ["mailto:ada@example.org"]
    spec = spec_of(lab.submit(keep=keep, notify=notify))
    assert (spec["keep"], spec["notify"]) == (keep, notify)
    assert "keep.inputs_days is -1" in lab.refused(keep={"inputs_days": -1}, timestamp="18")
