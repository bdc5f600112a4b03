"""Jobs over the API: from their start to their end, and what goes wrong."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from skyburst.environments import log as kept
from skyburst.homes.local.home import LocalHome
from skyburst.web.documents import LogLine
from tests.waiting import eventually
from tests.web.conftest import wait_for
from tests.web.test_uploads import begin, refused, send

MOST_BODY = 64 * 2**20
MONTE_CARLO = {"analysis": "monte-carlo", "parameters": {"blocks": 10, "points_per_block": 100}}


def submit(api: Any, job: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer = api.post("/api/jobs", json=job, headers=headers)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def events(api: Any, job_id: str) -> list[tuple[str, dict[str, Any]]]:
    told = []
    with api.stream("GET", f"/api/jobs/{job_id}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        kind = ""
        for line in stream.iter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                told.append((kind, json.loads(value)))
    return told


def test_a_job_is_told_of_until_it_has_ended_and_its_result_and_certificate_are_there(api):
    job = submit(api, {**MONTE_CARLO, "name": "pi", "labels": {"for": "a test"}})
    assert (job["state"], job["name"], job["labels"]) == ("PENDING", "pi", {"for": "a test"})
    told = events(api, job["job_id"])
    assert {kind for kind, _ in told} == {"job"}
    last = told[-1][1]
    assert (last["state"], last["progress"]["fraction"]) == ("SUCCEEDED", 1.0)
    found = api.get(f"/api/jobs/{job['job_id']}").json()
    assert found["has_result"]
    result = api.get(f"/api/jobs/{job['job_id']}/files/result.json")
    assert result.headers["content-type"] == "application/json", "as what it is, for who shows it"
    assert abs(result.json()["integral"] - 3.14) < 0.5
    assert "sandbox" in result.headers["content-security-policy"]
    assert api.get(f"/api/jobs/{job['job_id']}/certificate").json()["job"]["job_id"] == job["job_id"]
    assert api.get(f"/api/jobs/{job['job_id']}/cost").json()["currency"] == "USD"
    assert refused(api.get(f"/api/jobs/{job['job_id']}/files/nothing"), 404, "object_not_found")


def test_a_large_file_arrives_as_it_is_also_where_answers_are_compressed(api, scripted):
    job = submit(api, scripted(*(["ok"] for _ in range(400))))["job_id"]
    wait_for(api, job, "SUCCEEDED")
    answer = api.get(f"/api/jobs/{job}/files/result.json", headers={"Accept-Encoding": "gzip"})
    assert (answer.json()["found"], len(answer.content)) == (list(range(400)), int(answer.headers["Content-Length"]))
    assert api.get(f"/api/jobs/{job}").headers["Content-Encoding"] == "gzip"


def test_what_is_wrong_with_a_job_is_named_with_its_field_and_nothing_starts(api):
    for wrong, field in (
        ({"analysis": "monte-carlo", "itmes": 1}, "job.itmes"),
        ({"analysis": "monte-carlo", "parameters": {"blocks": 0}}, "parameters.blocks"),
        ({"analysis": "monte-carlo", "batch_size": "many"}, "job.batch_size"),
    ):
        problem = api.post("/api/jobs", json=wrong).json()
        assert (problem["status"], problem["code"], problem["field"]) == (400, "invalid_job", field), problem
    refused(api.post("/api/jobs", json={"analysis": "no-such"}), 404, "analysis_not_found")
    refused(api.post("/api/jobs", content=b"{", headers={"content-type": "application/json"}), 400, "invalid_request")
    assert api.get("/api/jobs").json() == {"jobs": [], "next": None}


def test_requests_with_one_key_are_one_job_also_at_once(api):
    with ThreadPoolExecutor(4) as pool:
        jobs = list(pool.map(lambda _: submit(api, MONTE_CARLO, **{"Idempotency-Key": "once"}), range(4)))
    assert len({job["job_id"] for job in jobs}) == 1
    wait_for(api, jobs[0]["job_id"], "SUCCEEDED")
    other = {**MONTE_CARLO, "parameters": {"blocks": 11}}
    refused(api.post("/api/jobs", json=other, headers={"Idempotency-Key": "once"}), 409, "idempotency_conflict")


def test_a_job_is_cancelled_resumed_and_deleted(api, scripted):
    job = submit(api, scripted(["ok"], ["hang", "ok"], max_parallelism=2))["job_id"]
    wait_for(api, job, "RUNNING")
    refused(api.delete(f"/api/jobs/{job}"), 409, "job_busy")
    assert "cancel it first" in refused(api.post(f"/api/jobs/{job}/resume"), 409, "job_busy")
    assert api.post(f"/api/jobs/{job}/cancel").status_code == 200
    wait_for(api, job, "CANCELLED")
    assert api.post(f"/api/jobs/{job}/resume").json()["state"] in ("PENDING", "RUNNING")
    assert wait_for(api, job, "SUCCEEDED")["runs"] >= 1
    assert api.delete(f"/api/jobs/{job}").status_code == 204
    assert refused(api.get(f"/api/jobs/{job}"), 404, "job_not_found")


def test_a_failed_batch_is_visible_with_its_reason(api, scripted):
    job = submit(api, scripted(["ok"], ["raise"], tolerated_failure_percent=60))["job_id"]
    found = wait_for(api, job, "PARTIAL")
    assert found["progress"]["failed"] == 1
    assert "told to fail" in found["missing"][0]["reason"]
    assert api.get(f"/api/jobs/{job}/results", params={"at": "/found"}).json()["entries"] == [0]
    assert "it has found, missing" in refused(api.get(f"/api/jobs/{job}/results"), 400, "invalid_query")


def test_a_job_that_ended_runs_again_from_its_certificate(api):
    first = submit(api, MONTE_CARLO)["job_id"]
    refused(api.post("/api/jobs/none/rerun"), 404, "job_not_found")
    wait_for(api, first, "SUCCEEDED")
    again = api.post(f"/api/jobs/{first}/rerun").json()["job_id"]
    wait_for(api, again, "SUCCEEDED")
    both = [api.get(f"/api/jobs/{job}/files/result.json").content for job in (first, again)]
    assert (first != again, both[0] == both[1]) == (True, True)


def test_requests_to_run_again_with_one_key_are_one_job_also_at_once(api):
    first = submit(api, MONTE_CARLO)["job_id"]
    other = submit(api, {**MONTE_CARLO, "parameters": {"blocks": 11}})["job_id"]
    wait_for(api, first, "SUCCEEDED")
    wait_for(api, other, "SUCCEEDED")

    def again(job: str, key: str) -> Any:
        return api.post(f"/api/jobs/{job}/rerun", headers={"Idempotency-Key": key})

    with ThreadPoolExecutor(4) as pool:
        started = {answer.json()["job_id"] for answer in pool.map(lambda _: again(first, "once"), range(4))}
    assert len(started) == 1
    assert not started & {first, other, again(first, "twice").json()["job_id"]}
    refused(again(other, "once"), 409, "idempotency_conflict")
    refused(again(first, "k" * 300), 400, "invalid_job")


def test_jobs_are_listed_newest_first_page_by_page_and_filtered(api):
    names = ["one", "two", "three"]
    jobs = {name: submit(api, {**MONTE_CARLO, "name": name})["job_id"] for name in names}
    page = api.get("/api/jobs", params={"limit": 2}).json()
    assert [job["name"] for job in page["jobs"]] == ["three", "two"]
    rest = api.get("/api/jobs", params={"limit": 2, "after": page["next"]}).json()
    assert ([job["name"] for job in rest["jobs"]], rest["next"]) == (["one"], None)
    assert [job["name"] for job in api.get("/api/jobs", params={"name": "TW"}).json()["jobs"]] == ["two"]
    for job in jobs.values():
        wait_for(api, job, "SUCCEEDED")
    assert len(api.get("/api/jobs", params={"state": ["FAILED", "SUCCEEDED"]}).json()["jobs"]) == 3
    assert api.get("/api/jobs", params={"analysis": "other"}).json()["jobs"] == []
    assert refused(api.get("/api/jobs", params={"after": "x"}), 400, "invalid_query")


def test_so_many_jobs_are_looked_at_for_a_page_and_what_comes_then_is_found_with_the_next_one(api, monkeypatch):
    from skyburst.web import service

    monkeypatch.setattr(service, "MOST_LOOKED_AT", 2)
    names = ["a needle", *("hay" for _ in range(4))]
    jobs = [submit(api, {**MONTE_CARLO, "name": name})["job_id"] for name in names]
    pages, after = [], {}
    while after is not None:
        page = api.get("/api/jobs", params={"name": "needle", **after}).json()
        pages.append([job["name"] for job in page["jobs"]])
        after = {"after": page["next"]} if page["next"] else None
    assert pages == [[], [], ["a needle"]]
    for job in jobs:
        wait_for(api, job, "SUCCEEDED")


def test_the_next_page_is_there_also_when_the_last_job_of_the_page_has_ended_since(api, scripted):
    jobs = [submit(api, scripted(["hang", "ok"]))["job_id"] for _ in range(2)]
    for job in jobs:
        wait_for(api, job, "RUNNING")
    page = api.get("/api/jobs", params={"state": ["RUNNING"], "limit": 1}).json()
    assert page["next"] == jobs[1]
    api.post(f"/api/jobs/{jobs[1]}/cancel")
    wait_for(api, jobs[1], "CANCELLED")
    rest = api.get("/api/jobs", params={"state": ["RUNNING"], "limit": 1, "after": page["next"]}).json()
    assert [job["job_id"] for job in rest["jobs"]] == [jobs[0]]
    api.post(f"/api/jobs/{jobs[0]}/cancel")
    wait_for(api, jobs[0], "CANCELLED")


def test_a_state_that_there_is_not_is_refused(api):
    assert "expected one of PENDING" in refused(api.get("/api/jobs", params={"state": "DONE"}), 400, "invalid_query")


def test_events_of_no_job_are_refused_as_everything_else_of_it(api):
    refused(api.get("/api/jobs/none/events"), 404, "job_not_found")


@pytest.mark.parametrize("path", ["/api/jobs", "/api/estimates", "/api/analyses/monte-carlo/check"])
@pytest.mark.parametrize("depth", [900, 100_000])
def test_lists_in_lists_without_end_are_refused(api, path, depth):
    sent = '{"analysis": "monte-carlo", "parameters": {"a": ' + "[" * depth + "]" * depth + "}}"
    if path.endswith("/check"):
        sent = sent.replace('"analysis": "monte-carlo", ', "")
    answer = api.post(path, content=sent, headers={"content-type": "application/json"})
    if (answer.status_code, depth) != (200, 900):  # what is only looked at may be deep
        # How much fits on the stack depends on what else is there: a list that does is none that the parameter may be.
        refused(answer, 400, "invalid_job" if depth == 900 and "invalid_job" in answer.text else "too_deep")


@pytest.mark.parametrize("path", ["/api/jobs", "/api/estimates"])
@pytest.mark.parametrize("location", ["\0", "a" * 300, "a/" * 3_000, "none"])
def test_a_manifest_that_cannot_be_is_named(api, path, location):
    job = {"analysis": "monte-carlo", "items": {"manifest": location}}
    assert "job.items.manifest is" in refused(api.post(path, json=job), 400, "invalid_job")


def test_users_see_their_own_jobs_only(make_api):
    api = make_api(users=True)
    job = submit(api, MONTE_CARLO, **{"x-user": "ada"})["job_id"]
    assert api.get(f"/api/jobs/{job}", headers={"x-user": "ada"}).json()["user"] == "ada"
    for path in ("", "/results", "/certificate", "/cost", "/datasets", "/events", "/files/result.json"):
        told = api.get(f"/api/jobs/{job}{path}", headers={"x-user": "bob"})
        assert "no job" in told.text, path
    assert api.get("/api/jobs", headers={"x-user": "bob"}).json()["jobs"] == []
    of_another = api.get("/api/jobs", headers={"x-user": "bob"}, params={"after": job})
    assert "no such job in the list" in refused(of_another, 400, "invalid_query")
    refused(api.post(f"/api/jobs/{job}/cancel", headers={"x-user": "bob"}), 404, "job_not_found")
    given = submit(api, {**MONTE_CARLO, "user": "ada"}, **{"x-user": "bob"})
    assert given["user"] == "bob", "nobody starts jobs in another's name"
    wait_for(make_api(), job, "SUCCEEDED")
    wait_for(make_api(), given["job_id"], "SUCCEEDED")


def test_limits_hold_also_for_requests_at_once(make_api, scripted):
    api = make_api(concurrent=2)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: api.post("/api/jobs", json=scripted(["hang", "ok"])), range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 429, 429, 429, 429]
    problem = next(answer.json() for answer in answers if answer.status_code == 429)
    assert (problem["code"], "2 may at once" in problem["detail"]) == ("too_many_jobs", True)
    assert api.get("/api/about").json()["limits"]["running"] == 2
    for answer in answers:
        if answer.status_code == 201:
            api.post(f"/api/jobs/{answer.json()['job_id']}/cancel")
            wait_for(api, answer.json()["job_id"], "CANCELLED")
    daily = make_api(jobs_per_day=2)
    assert "may start 2" in refused(daily.post("/api/jobs", json=MONTE_CARLO), 429, "too_many_jobs")


def test_an_uploaded_file_is_a_parameter_of_a_job(api, tmp_path):
    text = b"one two two\n" * 200
    upload = begin(api, text, name="words.txt")
    send(api, upload, text)
    assert api.post(f"/api/uploads/{upload['id']}/complete").status_code == 200
    schema = api.get("/api/analyses/word-statistics").json()["parameters"]
    (field,) = [name for name, entry in schema["properties"].items() if entry.get("format") == "path"]
    job = submit(api, {"analysis": "word-statistics", "parameters": {field: f"upload:{upload['id']}"}})["job_id"]
    wait_for(api, job, "SUCCEEDED")
    assert b"two" in api.get(f"/api/jobs/{job}/files/result.json").content


def test_an_uploaded_file_is_a_dataset_of_a_command(api, tmp_path):
    command = 'command = ["sh", "-c", "echo counting; cat $SKYBURST_INPUTS/* | wc -l > $SKYBURST_RESULTS/lines"]'
    (tmp_path / "blueprint.toml").write_text(f'blueprint = 1\nname = "count"\nversion = "1.0.0"\n{command}\n')
    upload = begin(api, b"one\ntwo\n", name="words.txt")
    send(api, upload, b"one\ntwo\n")
    api.post(f"/api/uploads/{upload['id']}/complete")
    job = submit(api, {"analysis": str(tmp_path), "items": [{"data": f"upload:{upload['id']}"}]})["job_id"]
    wait_for(api, job, "SUCCEEDED", "FAILED")
    (dataset,) = api.get(f"/api/jobs/{job}/datasets").json()
    assert (dataset["dataset"], dataset["state"], dataset["reason"]) == ("words.txt", "SUCCEEDED", "")
    (lines,) = dataset["files"]
    assert (lines["name"], lines["size"], len(lines["sha256"])) == ("lines", 2, 64)
    log = api.get(f"/api/jobs/{job}/datasets/0/log").json()
    assert "counting" in [line["text"] for line in log]
    after = api.get(f"/api/jobs/{job}/datasets/0/log", params={"after": log[-1]["line"]}).json()
    assert after == []
    for number in (1, 99):
        detail = refused(api.get(f"/api/jobs/{job}/datasets/{number}/log"), 404, "dataset_not_found")
        assert f"has no dataset {number}: it has one dataset, with the number 0" in detail


def test_a_job_of_no_command_has_no_dataset_whose_log_could_be_read(api, scripted):
    job = submit(api, scripted("ok"))["job_id"]
    assert api.get(f"/api/jobs/{job}/datasets").json() == []
    detail = refused(api.get(f"/api/jobs/{job}/datasets/0/log"), 404, "dataset_not_found")
    assert "is no command, and has none" in detail
    wait_for(api, job, "SUCCEEDED")


@pytest.mark.parametrize("path", ["/api/nothing", "/nothing", "/api/jobs/x/y/z"])
def test_a_path_that_does_not_exist_is_a_problem_document_too(api, path):
    refused(api.get(path), 404, "not_found")
    assert api.patch("/api/jobs").status_code == 405


def test_batches_that_failed_say_why_while_the_job_goes_on_and_after_it(api, scripted):
    job = api.post("/api/jobs", json=scripted("ok", "raise", "ok", tolerated_failure_percent=50)).json()
    wait_for(api, job["job_id"], "PARTIAL")
    (failed,) = api.get(f"/api/jobs/{job['job_id']}/batches?state=FAILED").json()
    assert (failed["number"], failed["start"], failed["end"], failed["state"]) == (1, 1, 2, "FAILED")
    assert failed["failures"][-1]["message"] in failed["reason"]
    every = api.get(f"/api/jobs/{job['job_id']}/batches?first=1").json()
    assert [(batch["number"], batch["state"]) for batch in every] == [(1, "FAILED"), (2, "DONE")]
    assert api.get(f"/api/jobs/{job['job_id']}/batches?limit=1").json()[0]["number"] == 0


def test_an_unknown_state_of_batches_is_refused(api, scripted):
    job = api.post("/api/jobs", json=scripted("ok")).json()
    refused = api.get(f"/api/jobs/{job['job_id']}/batches?state=BROKEN")
    assert (refused.status_code, refused.json()["field"]) == (400, "state")


def test_an_analysis_has_presets_that_a_job_can_be_started_with(api):
    found = api.get("/api/analyses/color-depth-search").json()
    preset = next(preset for preset in found["presets"] if preset["name"] == "precomputed")
    assert preset["parameters"]["mask_threshold"] == 20
    assert set(preset["parameters"]) <= set(found["parameters"]["properties"])
    assert api.get("/api/analyses/monte-carlo").json()["presets"] == []


def test_analyses_say_whether_a_job_has_to_name_their_items(api: Any) -> None:
    assert api.get("/api/analyses/monte-carlo").json()["lists_items"] is True
    assert api.get("/api/analyses/widefield-denoise").json()["lists_items"] is False


def test_the_timeline_of_a_job_is_numbers_and_a_picture_also_before_it_works(api, scripted):
    job = submit(api, scripted(["ok"], ["ok"]))["job_id"]
    assert api.get(f"/api/jobs/{job}/timeline").status_code == 200
    wait_for(api, job, "SUCCEEDED")
    found = api.get(f"/api/jobs/{job}/timeline").json()
    workers = next(entry for entry in found["numbers"] if "running" in entry["stage"])
    assert workers["number"] == 2
    assert found["specification"]["$schema"].startswith("https://vega.github.io/schema/vega-lite/")
    refused(api.get("/api/jobs/none/timeline"), 404, "job_not_found")


def test_the_budget_that_leaves_least_is_told(api, state_folder):
    from skyburst.budgets.records import Budget, Period, Scope
    from skyburst.homes.local.home import LocalHome

    none = {"group": None, "name": None, "limit_usd": None, "spent_usd": 0.0, "reserved_usd": 0.0, "left_usd": None}
    assert api.get("/api/budget").json() == none
    home = LocalHome(state_folder)
    for scope, limit in ((Scope("lab", None, None), 5_000_000), (Scope("lab", None, "monte-carlo"), 2_000_000)):
        home.budgets.set(Budget(scope, Period.MONTHLY, limit))
    home.close()
    found = api.get("/api/budget", params={"group": "lab"}).json()
    assert (found["limit_usd"], found["left_usd"]) == (5.0, 5.0)
    assert found["name"].startswith("the monthly budget of group lab (20")
    found = api.get("/api/budget", params={"group": "lab", "analysis": "monte-carlo"}).json()
    assert (found["limit_usd"], found["left_usd"]) == (2.0, 2.0)
    assert api.get("/api/budget", params={"group": "other"}).json() == {**none, "group": "other"}
    job = submit(api, {**MONTE_CARLO, "group": "lab"})["job_id"]
    wait_for(api, job, "SUCCEEDED")
    found = api.get("/api/budget", params={"group": "lab"}).json()
    assert 0 < found["spent_usd"] + found["reserved_usd"] < 5.0


def test_a_log_of_which_not_all_is_kept_is_told_with_its_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "FIRST_BYTES", 200)
    monkeypatch.setattr(kept, "LAST_BYTES", 200)
    log = kept.Log()
    for number in range(20):
        log.add("out", f"line {number}", 0.0)
    lines = msgspec.convert([json.loads(line) for line in log.content().splitlines()], list[LogLine])
    (note,) = [line for line in lines if line.at is None]
    assert note.stream == "env"
    assert "are not kept" in note.text


def test_a_job_whose_files_are_gone_is_shown_and_can_be_deleted(api, scripted, state_folder):
    job = submit(api, scripted([0.0]))["job_id"]
    wait_for(api, job, "SUCCEEDED")
    eventually(lambda: not LocalHome(state_folder).is_driven(job))
    shutil.rmtree(state_folder / "jobs" / job)
    told = api.get(f"/api/jobs/{job}").json()
    assert (told["state"], told["has_result"]) == ("SUCCEEDED", False)
    for path in ("cost", "batches", "timeline", "datasets"):
        assert api.get(f"/api/jobs/{job}/{path}").status_code == 200, path
    for path, status in (
        ("results?at=/found", 409),
        ("certificate", 409),
        ("files/result.json", 409),
        ("files.zip", 409),
    ):
        assert api.get(f"/api/jobs/{job}/{path}").status_code == status, path
    assert api.delete(f"/api/jobs/{job}").status_code == 204
    refused(api.get(f"/api/jobs/{job}"), 404, "job_not_found")


def test_what_a_job_names_that_is_not_there_is_told_with_the_place_that_names_it(api):
    for named, code in (("upload:nope", "upload_not_found"), ("library:nope", "library_not_found")):
        for given, field in (
            ({"parameters": {"texts": named}}, "parameters.texts"),
            ({"items": ["a", {"data": [named]}]}, "items[1].data[0]"),
        ):
            answer = api.post("/api/jobs", json={"analysis": "word-statistics", **given})
            refused(answer, 404, code)
            assert answer.json()["field"] == field
    upload = begin(api, b"one", purpose="data")["id"]
    answer = api.post("/api/jobs", json={"analysis": "word-statistics", "parameters": {"texts": f"upload:{upload}"}})
    refused(answer, 400, "invalid_upload")
    assert answer.json()["field"] == "parameters.texts"


def test_requests_that_are_too_large_or_no_text_are_refused_and_long_values_are_not_sent_back(api):
    for path in ("/api/jobs", "/api/uploads", "/api/estimates", "/api/analyses/monte-carlo/check"):
        large = b'{"analysis": "' + b"x" * MOST_BODY + b'"}'
        for content in (large, iter([large])):
            told = refused(api.post(path, content=content), 413, "too_large")
            assert "at most 67,108,864 bytes; files are sent in parts, as uploads" in told
        told = refused(api.post(path, content=b'{"analysis": "\xff"}'), 400, "invalid_request")
        assert "not UTF-8" in told
    told = refused(api.post("/api/jobs", json={"analysis": "x" * 100_000}), 400, "invalid_job")
    assert len(told) < 2_100


def test_two_keys_that_differ_are_not_one_request(api):
    job = {**MONTE_CARLO, "idempotency_key": "a"}
    told = refused(api.post("/api/jobs", json=job, headers={"Idempotency-Key": "b"}), 400, "invalid_job")
    assert "job.idempotency_key is 'a', and the header Idempotency-Key 'b'" in told
    wait_for(api, submit(api, job, **{"Idempotency-Key": "a"})["job_id"], "SUCCEEDED")


def test_what_the_framework_refuses_is_told_in_the_words_of_the_request(api):
    for path, field, words in (
        ("/api/jobs?limit=100000", "limit", "limit is '100000': "),
        ("/api/uploads?state=foo", "state", "state is 'foo': "),
    ):
        answer = api.get(path)
        assert words in refused(answer, 400, "invalid_request")
        assert answer.json()["field"] == field
    assert "there is no /api/nothing" in refused(api.get("/api/nothing"), 404, "not_found")
    told = refused(api.patch("/api/jobs"), 405, "method_not_allowed")
    assert "PATCH is not possible at /api/jobs" in told
