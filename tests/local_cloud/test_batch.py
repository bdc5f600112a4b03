"""Jobs of Batch really run, end as on AWS, and are tried again when and only when their strategy says so."""

from __future__ import annotations

import itertools
import json
import time
from typing import Any

import pytest

from skyburst.local_cloud import LocalCloud
from skyburst.local_cloud.running import current
from tests.conftest import REPOSITORY
from tests.local_cloud.batch_world import HOST_RULES, Machines, make_machines
from tests.local_cloud.helpers import ClientError, put_function, receive, unique
from tests.waiting import eventually

WAIT = "import time\nprint('begun')\ntime.sleep(60)"
ONCE_MORE = {"attempts": 3, "evaluateOnExit": HOST_RULES}


@pytest.fixture(scope="module")
def machines(running_cloud: LocalCloud) -> Machines:
    return make_machines(running_cloud)


@pytest.fixture(autouse=True)
def _without_faults(cloud: LocalCloud) -> LocalCloud:
    return cloud


def test_a_job_runs_its_command_in_a_folder_and_an_environment_of_its_own(machines: Machines) -> None:
    source = (
        "import os, json, sys\n"
        "open('mine', 'w').close()\n"
        "print(json.dumps([os.getcwd(), os.listdir(), dict(os.environ), [one for one in sys.path if 'venv' in one]]))"
    )
    ended = machines.run(source)
    assert ended["status"] == "SUCCEEDED"
    assert ended["container"]["exitCode"] == 0
    assert ended["statusReason"] == "Essential container in task exited"
    folder, files, environment, of_cloud = json.loads(machines.lines(ended)[0])
    assert files == ["mine"]
    assert folder == environment["HOME"]
    assert of_cloud == []
    assert environment["AWS_BATCH_JOB_ID"] == ended["jobId"]
    assert environment["AWS_BATCH_JOB_ATTEMPT"] == "1"
    assert environment["AWS_BATCH_JQ_NAME"] == machines.queue
    known = {"PATH", "HOME", "TMPDIR", "LANG", "LC_CTYPE", "ECS_CONTAINER_METADATA_URI_V4", "SKYBURST_LOCAL_CLOUD"}
    assert all(name in known or name.startswith("AWS_") for name in environment)


def test_a_job_has_the_rights_of_its_role_and_no_others(machines: Machines, cloud: LocalCloud) -> None:
    bucket = unique("bucket")
    cloud.client("s3").create_bucket(Bucket=bucket)
    may = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/mine/*"}
    role = cloud.put_role(unique("job-role"), "ecs-tasks.amazonaws.com", [may])
    source = (
        f"import sys; sys.path[:0] = {boto3_paths()!r}\n"
        "import boto3\n"
        "s3 = boto3.client('s3')\n"
        f"s3.put_object(Bucket={bucket!r}, Key='mine/a', Body=b'x')\n"
        "try:\n"
        f"    s3.put_object(Bucket={bucket!r}, Key='yours/a', Body=b'x')\n"
        "except s3.exceptions.ClientError as error:\n"
        "    print(error.response['Error']['Code'])\n"
    )
    ended = machines.run(source, role=role)
    assert machines.lines(ended) == ["AccessDenied"]
    assert cloud.client("s3").get_object(Bucket=bucket, Key="mine/a")["Body"].read() == b"x"


def boto3_paths() -> list[str]:
    import pathlib

    import boto3

    return [str(pathlib.Path(boto3.__file__).parents[1])]


def test_a_container_finds_out_what_machine_it_runs_on_as_far_as_its_role_may(
    machines: Machines, cloud: LocalCloud
) -> None:
    ecs = f"arn:aws:ecs:{cloud.region}:{cloud.account}"
    may = {
        "Effect": "Allow", "Action": ["ecs:DescribeTasks", "ecs:DescribeContainerInstances"],
        "Resource": [f"{ecs}:task/*", f"{ecs}:container-instance/*"],
        "Condition": {"ArnLike": {"ecs:cluster": f"{ecs}:cluster/*_Batch_*"}},
    }  # fmt: skip
    elsewhere = {**may, "Condition": {"ArnLike": {"ecs:cluster": f"{ecs}:cluster/other"}}}
    source = (
        f"import sys; sys.path[:0] = {[*boto3_paths(), str(REPOSITORY)]!r}\n"
        "import boto3, json\n"
        "from skyburst.homes.aws.own_machine import own_machine\n"
        "print(json.dumps(own_machine(lambda: boto3.client('ecs'))))\n"
    )
    roles = [cloud.put_role(unique("job-role"), "ecs-tasks.amazonaws.com", [one]) for one in (may, elsewhere)]
    ended, refused = (machines.run(source, role=role) for role in roles)
    machine = json.loads(machines.lines(ended)[-1])
    (instance,) = (
        one
        for state in ("running", "terminated")
        for one in machines.instances(state)
        if one["InstanceId"] == machine["id"]
    )
    assert machine["type"] == instance["InstanceType"]
    assert machine["zone"] == instance["Placement"]["AvailabilityZone"]
    assert machine["spot"] is None, "its definition does not say which compute environments have spare instances"
    assert "container-instance/" in ended["container"]["containerInstanceArn"]
    said = machines.lines(refused)
    assert said[-1] == "null"
    assert "AccessDenied" in "".join(said)


def test_a_role_that_does_not_trust_ecs_starts_nothing(machines: Machines, cloud: LocalCloud) -> None:
    role = cloud.put_role(unique("job-role"), "lambda.amazonaws.com", [])
    ended = machines.run("print(1)", role=role)
    assert (ended["status"], ended["statusReason"]) == ("FAILED", "Task failed to start")
    assert "unable to assume" in ended["container"]["reason"]


def test_overrides_and_parameters_take_the_place_of_what_the_definition_says(machines: Machines) -> None:
    source = "import os, sys; print(sys.argv[1:], os.environ['A'], os.environ['B'])"
    definition = {"parameters": {"who": "nobody", "what": "walks"}}
    overrides = {
        "command": ["python3", "-c", source, "Ref::who", "Ref::what", "Ref::other"],
        "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
        "resourceRequirements": [{"type": "MEMORY", "value": "1024"}],
    }
    ended = machines.run(["false"], definition=definition, parameters={"who": "she"}, containerOverrides=overrides)
    assert machines.lines(ended) == ["['she', 'walks', 'Ref::other'] 1 2"]
    assert {"type": "MEMORY", "value": "1024"} in ended["container"]["resourceRequirements"]
    assert {"type": "VCPU", "value": "1"} in ended["container"]["resourceRequirements"]


def test_a_job_that_fails_keeps_its_exit_code_and_is_not_tried_again(machines: Machines) -> None:
    ended = machines.run("import sys; print('no'); sys.exit(7)", retryStrategy=ONCE_MORE)
    assert (ended["status"], ended["statusReason"]) == ("FAILED", "Essential container in task exited")
    assert ended["container"]["exitCode"] == 7
    assert len(ended["attempts"]) == 1
    assert machines.lines(ended) == ["no"]


def test_without_rules_a_job_that_fails_is_tried_again(machines: Machines) -> None:
    source = "import os, sys; sys.exit(int(os.environ['AWS_BATCH_JOB_ATTEMPT']) < 3)"
    ended = machines.run(source, retryStrategy={"attempts": 5})
    assert ended["status"] == "SUCCEEDED"
    assert [attempt["container"]["exitCode"] for attempt in ended["attempts"]] == [1, 1, 0]


def test_a_job_whose_instance_is_reclaimed_runs_again_on_another(machines: Machines, cloud: LocalCloud) -> None:
    name = unique("reclaimed")
    cloud.faults.reclaim_instance(name, after_s=0.2)
    ended = machines.run("import time; time.sleep(2)", name=name, retryStrategy=ONCE_MORE)
    first, second = ended["attempts"]
    assert first["statusReason"].startswith("Host EC2 (instance i-")
    assert first["statusReason"].endswith(") terminated.")
    assert "exitCode" not in first["container"]
    assert second["container"]["exitCode"] == 0
    assert ended["status"] == "SUCCEEDED"
    assert cloud.faults.pending() == 0


def test_a_job_whose_instances_are_reclaimed_each_time_fails_with_the_reason(
    machines: Machines, cloud: LocalCloud
) -> None:
    name = unique("reclaimed")
    for _ in range(2):
        cloud.faults.reclaim_instance(name)
    ended = machines.run(WAIT, name=name, retryStrategy={**ONCE_MORE, "attempts": 2})
    assert ended["status"] == "FAILED"
    assert ended["statusReason"].startswith("Host EC2 (instance i-")
    assert len(ended["attempts"]) == 2


def test_who_terminates_an_instance_ends_what_runs_on_it(machines: Machines, cloud: LocalCloud) -> None:
    queue = machines.queue_of(machines.environment("EC2", types=("m5.large",)))
    job = machines.submit(WAIT, queue=queue)
    eventually(lambda: machines.state(job) == "RUNNING")
    (instance,) = [one for one in machines.instances() if one["InstanceType"] == "m5.large"]
    cloud.client("ec2").terminate_instances(InstanceIds=[instance["InstanceId"]])
    ended = cloud.wait_for_job(job)
    assert ended["statusReason"] == f"Host EC2 (instance {instance['InstanceId']}) terminated."


def test_a_job_that_takes_too_much_memory_is_killed(machines: Machines) -> None:
    source = "import time; held = bytearray(200 << 20); held[::4096] = b'x' * len(held[::4096]); time.sleep(30)"
    ended = machines.run(source, memory_mb=100, retryStrategy=ONCE_MORE)
    assert ended["container"]["exitCode"] == 137
    assert ended["container"]["reason"] == "OutOfMemoryError: Container killed due to memory usage"
    assert len(ended["attempts"]) == 1


def test_a_job_that_takes_too_long_is_ended_with_all_that_it_started(machines: Machines) -> None:
    source = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid)\n"
        "time.sleep(60)"
    )
    ended = machines.run(source, timeout={"attemptDurationSeconds": 1}, retryStrategy={"attempts": 3})
    assert (ended["status"], ended["statusReason"]) == ("FAILED", "Job attempt duration exceeded timeout")
    assert len(ended["attempts"]) == 1
    assert is_gone(int(machines.lines(ended)[0]))


def is_gone(process: int) -> bool:
    import psutil

    try:
        return psutil.Process(process).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_command_that_is_not_there_fails(machines: Machines) -> None:
    ended = machines.run(["no-such-program"])
    assert ended["status"] == "FAILED"
    assert "no-such-program" in ended["container"]["reason"]


def test_a_job_that_runs_is_terminated_and_one_that_runs_is_not_cancelled(machines: Machines) -> None:
    client = machines.cloud.client("batch")
    job = machines.submit(WAIT, retryStrategy={"attempts": 3})
    eventually(lambda: machines.state(job) == "RUNNING")
    client.cancel_job(jobId=job, reason="not in time")
    time.sleep(0.2)
    assert machines.state(job) == "RUNNING"
    client.terminate_job(jobId=job, reason="nobody wants it")
    ended = machines.cloud.wait_for_job(job)
    assert (ended["status"], ended["statusReason"]) == ("FAILED", "nobody wants it")
    assert ended["isTerminated"]
    assert len(ended["attempts"]) == 1


def test_what_does_not_fit_waits_in_the_order_of_its_arrival(machines: Machines) -> None:
    queue = machines.queue_of(machines.environment(vcpus=2, types=("c5.large",)))
    source = "import time; print(time.time()); time.sleep(1)"
    jobs = [machines.submit(source, queue=queue, vcpus=2) for _ in range(3)]
    assert "RUNNABLE" in {machines.state(job) for job in jobs[1:]}
    ended = [machines.cloud.wait_for_job(job) for job in jobs]
    began = [float(machines.lines(one)[0]) for one in ended]
    assert began == sorted(began)
    assert all(later - earlier >= 1 for earlier, later in itertools.pairwise(began))


def test_a_job_that_waits_is_cancelled_and_never_runs(machines: Machines) -> None:
    queue = machines.queue_of(machines.environment(vcpus=2, types=("c5.large",)))
    first, second = (machines.submit(WAIT, queue=queue, vcpus=2) for _ in range(2))
    eventually(lambda: machines.state(first) == "RUNNING")
    machines.cloud.client("batch").cancel_job(jobId=second, reason="changed my mind")
    ended = machines.cloud.wait_for_job(second)
    assert (ended["status"], ended["statusReason"], ended["attempts"]) == ("FAILED", "changed my mind", [])
    machines.cloud.client("batch").terminate_job(jobId=first, reason="done")
    machines.cloud.wait_for_job(first)


def test_what_waits_in_a_queue_that_is_deleted_fails(machines: Machines, cloud: LocalCloud) -> None:
    queue = machines.queue_of(machines.environment(types=("c5.large",)))
    job = machines.submit("print(1)", queue=queue, memory_mb=64_000)
    cloud.client("batch").delete_job_queue(jobQueue=queue)
    assert cloud.wait_for_job(job)["statusReason"].endswith("was deleted")


def test_a_job_that_no_instance_can_hold_waits_and_says_why(machines: Machines) -> None:
    queue = machines.queue_of(machines.environment(types=("c5.large",)))
    job = machines.submit("print(1)", queue=queue, memory_mb=64_000)
    client = machines.cloud.client("batch")
    found = eventually(lambda: client.describe_jobs(jobs=[job])["jobs"][0].get("statusReason"))
    assert found.startswith("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT")
    assert machines.state(job) == "RUNNABLE"
    client.cancel_job(jobId=job, reason="it never fits")


def test_a_queue_falls_back_to_the_next_compute_environment(machines: Machines, cloud: LocalCloud) -> None:
    spot, on_demand = machines.environment("SPOT"), machines.environment("EC2")
    queue = machines.queue_of(spot, on_demand)
    show = "import os; print(os.environ['AWS_BATCH_CE_NAME'])"
    assert machines.lines(machines.run(show, queue=queue)) == [spot]
    cloud.faults.withhold_capacity(spot)
    assert machines.lines(machines.run(show, queue=queue)) == [on_demand]
    cloud.faults.give_capacity()
    assert machines.lines(machines.run(show, queue=queue)) == [spot]


def test_a_job_that_finds_no_capacity_is_cancelled_when_its_queue_says_so(
    machines: Machines, cloud: LocalCloud
) -> None:
    spot = machines.environment("SPOT")
    queue = machines.queue_of(spot)
    arn = f"arn:aws:batch:{cloud.region}:{cloud.account}:job-queue/{queue}"
    current().batch.limit_waiting(arn, {"CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY": 0})
    cloud.faults.withhold_capacity(spot)
    ended = machines.run("print(1)", queue=queue)
    assert (ended["status"], ended["attempts"]) == ("FAILED", [])
    assert ended["statusReason"].endswith("CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY")


def test_gpus_are_had_on_instances_that_have_them(machines: Machines) -> None:
    queue = machines.queue_of(machines.environment("EC2", types=("g5", "c5")))
    requirements = [{"type": "VCPU", "value": "4"}, {"type": "MEMORY", "value": "8000"}, {"type": "GPU", "value": "1"}]
    job = machines.submit(WAIT, queue=queue, containerOverrides={"resourceRequirements": requirements})
    eventually(lambda: machines.state(job) == "RUNNING")
    assert "g5.xlarge" in {one["InstanceType"] for one in machines.instances()}
    machines.cloud.client("batch").terminate_job(jobId=job, reason="seen")
    machines.cloud.wait_for_job(job)


def test_instances_come_with_jobs_carry_tags_and_go(machines: Machines) -> None:
    queue = machines.queue_of(machines.environment("SPOT", types=("r5.large",)))
    job = machines.submit(WAIT, queue=queue)
    eventually(lambda: machines.state(job) == "RUNNING")
    (instance,) = [one for one in machines.instances() if one["InstanceType"] == "r5.large"]
    assert {"Key": "skyburst", "Value": "test"} in instance["Tags"]
    assert instance["InstanceLifecycle"] == "spot"
    machines.cloud.client("batch").terminate_job(jobId=job, reason="seen")
    machines.cloud.wait_for_jobs()
    assert machines.instances() == []


def test_an_array_runs_a_child_for_each_index(machines: Machines) -> None:
    source = "import os, sys; index = os.environ['AWS_BATCH_JOB_ARRAY_INDEX']; print(index); sys.exit(index == '1')"
    parent = machines.submit(source, arrayProperties={"size": 3})
    client = machines.cloud.client("batch")
    ended = machines.cloud.wait_for_job(parent)
    assert ended["status"] == "FAILED"
    summary = ended["arrayProperties"]["statusSummary"]
    assert (summary["SUCCEEDED"], summary["FAILED"]) == (2, 1)
    children = client.describe_jobs(jobs=[f"{parent}:{index}" for index in range(3)])["jobs"]
    assert [machines.lines(child) for child in children] == [["0"], ["1"], ["2"]]
    assert [child["arrayProperties"]["index"] for child in children] == [0, 1, 2]
    listed = client.list_jobs(arrayJobId=parent, jobStatus="FAILED")["jobSummaryList"]
    assert [one["jobId"] for one in listed] == [f"{parent}:1"]


def test_to_terminate_an_array_ends_its_children(machines: Machines) -> None:
    parent = machines.submit(WAIT, arrayProperties={"size": 3})
    eventually(lambda: machines.state(f"{parent}:0") == "RUNNING")
    machines.cloud.client("batch").terminate_job(jobId=parent, reason="enough")
    ended = machines.cloud.wait_for_job(parent)
    assert (ended["status"], ended["statusReason"]) == ("FAILED", "enough")
    assert ended["arrayProperties"]["statusSummary"]["FAILED"] == 3


def test_jobs_wait_for_those_that_they_depend_on(machines: Machines) -> None:
    first = machines.submit("import time; time.sleep(2)", arrayProperties={"size": 2})
    second = machines.submit("print(1)", arrayProperties={"size": 2}, dependsOn=[{"jobId": first, "type": "N_TO_N"}])
    third = machines.submit("print(1)", dependsOn=[{"jobId": second}])
    assert machines.state(third) == "PENDING"
    done = [machines.cloud.wait_for_job(job) for job in (first, second, third)]
    assert [one["status"] for one in done] == ["SUCCEEDED"] * 3
    broken = machines.submit("raise SystemExit(1)")
    after = machines.cloud.wait_for_job(machines.submit("print(1)", dependsOn=[{"jobId": broken}]))
    assert (after["status"], after["statusReason"]) == ("FAILED", "Dependent Job failed")


def test_changes_of_jobs_are_told_in_their_order(machines: Machines, cloud: LocalCloud) -> None:
    sqs, events, name = cloud.client("sqs"), cloud.client("events"), unique("told")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    pattern = {"source": ["aws.batch"], "detail-type": ["Batch Job State Change"], "detail": {"jobName": [name]}}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    arn = f"arn:aws:sqs:{cloud.region}:{cloud.account}:{name}"
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    machines.run("raise SystemExit(3)", name=name, tags={"job": "J"})
    told: list[dict[str, Any]] = []
    while not told or told[-1]["status"] != "FAILED":
        told.append(receive_and_delete(cloud, url))
    assert [one["status"] for one in told] == ["SUBMITTED", "RUNNABLE", "STARTING", "RUNNING", "FAILED"]
    assert told[-1]["container"]["exitCode"] == 3
    assert told[-1]["tags"] == {"job": "J"}
    events.remove_targets(Rule=name, Ids=["queue"])
    events.delete_rule(Name=name)


def receive_and_delete(cloud: LocalCloud, url: str) -> dict[str, Any]:
    message = receive(cloud, url)
    sqs = cloud.client("sqs")
    sqs.purge_queue(QueueUrl=url) if message["detail"]["status"] == "FAILED" else None
    detail: dict[str, Any] = message["detail"]
    return detail


def test_a_state_machine_waits_for_a_job(machines: Machines, cloud: LocalCloud) -> None:
    from tests.local_cloud.helpers import run_machine

    definition = machines.submit("raise SystemExit(5)")
    ended = machines.cloud.wait_for_job(definition)
    submit = {
        "Type": "Task",
        "Resource": "arn:aws:states:::batch:submitJob.sync",
        "Parameters": {"JobName": "waited", "JobQueue": machines.queue, "JobDefinition": ended["jobDefinition"]},
        "Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "Failed"}],
        "End": True,
    }
    execution = run_machine(cloud, {"Submit": submit, "Failed": {"Type": "Pass", "Result": "caught", "End": True}})
    assert json.loads(execution["output"]) == "caught"


def test_jobs_are_listed_by_state_by_name_and_in_pages(machines: Machines, cloud: LocalCloud) -> None:
    queue, name = machines.queue_of(machines.environment()), unique("listed")
    jobs = [machines.submit("print(1)", queue=queue, name=f"{name}-{number}") for number in range(3)]
    for job in jobs:
        machines.cloud.wait_for_job(job)
    client = cloud.client("batch")
    assert client.list_jobs(jobQueue=queue)["jobSummaryList"] == []  # those in RUNNING
    pages = client.get_paginator("list_jobs").paginate(
        jobQueue=queue, jobStatus="SUCCEEDED", PaginationConfig={"PageSize": 2}
    )
    assert [one["jobId"] for page in pages for one in page["jobSummaryList"]] == jobs
    found = client.list_jobs(jobQueue=queue, filters=[{"name": "JOB_NAME", "values": [f"{name}-1*"]}])
    assert [one["jobName"] for one in found["jobSummaryList"]] == [f"{name}-1"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"jobName": "no/name"}, "jobName is 'no/name'"),
        ({"jobQueue": "nowhere"}, "the job queue nowhere does not exist"),
        ({"arrayProperties": {"size": 1}}, "arrayProperties.size is 1"),
        ({"retryStrategy": {"attempts": 11}}, "retryStrategy.attempts is 11"),
        ({"shareIdentifier": "me"}, "does not know shareIdentifier"),
        ({"timeout": {"attemptDurationSeconds": 0}}, "attemptDurationSeconds is 0"),
        ({"dependsOn": [{"jobId": "nobody"}]}, "the job nobody, which does not exist"),
    ],
)
def test_what_batch_does_not_take_is_refused(machines: Machines, given: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError, match=message):
        machines.submit("print(1)", queue=given.pop("jobQueue", None), name=given.pop("jobName", None), **given)


def test_each_operation_needs_its_right(machines: Machines, cloud: LocalCloud) -> None:
    job = machines.submit("print(1)", name=unique("guarded"))
    definition = cloud.wait_for_job(job)["jobDefinition"]
    start = f"arn:aws:batch:{cloud.region}:{cloud.account}"
    role = cloud.put_role(
        unique("caller"),
        "lambda.amazonaws.com",
        [
            {
                "Effect": "Allow",
                "Action": "batch:SubmitJob",
                "Resource": [f"{start}:job-queue/{machines.queue}", definition],
            },
            {"Effect": "Allow", "Action": "batch:TerminateJob", "Resource": f"{start}:job/{job}"},
        ],
    )
    client = cloud.client("batch", cloud.credentials_of(role))
    given = {"jobName": "mine", "jobQueue": machines.queue, "jobDefinition": definition}
    client.submit_job(**given)
    client.terminate_job(jobId=job, reason="over anyway")
    other = machines.queue_of(machines.environment())
    for call in (
        lambda: client.submit_job(**{**given, "jobQueue": other}),
        lambda: client.submit_job(**given, tags={"a": "b"}),
        lambda: client.terminate_job(jobId="another", reason="no"),
        lambda: client.describe_jobs(jobs=[job]),
        lambda: client.list_jobs(jobQueue=machines.queue),
    ):
        with pytest.raises(ClientError, match="is not authorized to perform"):
            call()


def test_a_job_may_be_ended_by_its_tags_which_children_of_arrays_do_not_have(
    machines: Machines, cloud: LocalCloud
) -> None:
    jobs = f"arn:aws:batch:{cloud.region}:{cloud.account}:job"
    mine = {"aws:ResourceTag/skyburst": "mine"}
    end = {"Effect": "Allow", "Action": "batch:TerminateJob"}
    strict = {**end, "Resource": f"{jobs}/*", "Condition": {"StringEquals": mine}}
    children = {**end, "Resource": f"{jobs}/*:*", "Condition": {"StringEqualsIfExists": mine}}
    tagged, other, array = (
        machines.submit("print(1)", name=unique("tagged"), tags={"skyburst": whose}, **more)
        for whose, more in (("mine", {}), ("theirs", {}), ("mine", {"arrayProperties": {"size": 2}}))
    )
    untagged = machines.submit("print(1)", name=unique("untagged"))
    one, both = (
        cloud.client("batch", cloud.credentials_of(cloud.put_role(unique("ends"), "lambda.amazonaws.com", statements)))
        for statements in ([strict], [strict, children])
    )
    for job in (tagged, array):
        one.terminate_job(jobId=job, reason="mine")
    both.terminate_job(jobId=f"{array}:1", reason="of mine")
    for client, job in ((one, other), (both, other), (both, untagged), (one, f"{array}:0")):
        with pytest.raises(ClientError, match="is not authorized to perform"):
            client.terminate_job(jobId=job, reason="not mine")


def test_nobody_gets_the_credentials_of_a_container_without_its_token(machines: Machines, cloud: LocalCloud) -> None:
    import urllib.error
    import urllib.request

    role = cloud.put_role(unique("job-role"), "ecs-tasks.amazonaws.com", [])
    show = "import os, time; print(os.environ['AWS_CONTAINER_CREDENTIALS_FULL_URI']); time.sleep(60)"
    job = machines.submit(show, role=role)
    eventually(lambda: machines.state(job) == "RUNNING")
    client = cloud.client("batch")
    described = client.describe_jobs(jobs=[job])["jobs"][0]
    (url,) = eventually(lambda: lines_so_far(machines, described))
    request = urllib.request.Request(url, headers={"Authorization": "guessed"})
    with pytest.raises(urllib.error.HTTPError, match="403") as caught:
        urllib.request.urlopen(request, timeout=10)
    caught.value.close()
    client.terminate_job(jobId=job, reason="seen")
    cloud.wait_for_job(job)


def lines_so_far(machines: Machines, described: dict[str, Any]) -> list[str]:
    try:
        return machines.lines(described)
    except ClientError:
        return []  # nothing was written yet


def test_a_function_is_told_of_a_job_that_ended(machines: Machines, cloud: LocalCloud) -> None:
    name = unique("heard")
    function = put_function(cloud, "def handler(event, context): print('job', event['detail']['jobName'])")
    events = cloud.client("events")
    pattern = {"source": ["aws.batch"], "detail": {"jobName": [name], "status": ["SUCCEEDED"]}}
    rule = events.put_rule(Name=name, EventPattern=json.dumps(pattern))["RuleArn"]
    arn = cloud.client("lambda").get_function_configuration(FunctionName=function)["FunctionArn"]
    events.put_targets(Rule=name, Targets=[{"Id": "f", "Arn": arn}])
    cloud.client("lambda").add_permission(
        FunctionName=function, StatementId="r", Action="lambda:InvokeFunction", Principal="events.amazonaws.com",
        SourceArn=rule,
    )  # fmt: skip
    machines.run("print(1)", name=name)
    cloud.wait_for_jobs()
    cloud.wait_for_events(20)
    assert f"job {name}" in "\n".join(cloud.logs_of(function))
