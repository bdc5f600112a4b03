"""What the Batch service does around jobs: their states, queues, attempts and the events that it tells."""

from __future__ import annotations

import itertools
import logging
import re
import threading
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from skyburst.errors import Invalid
from skyburst.local_cloud.batch import retries
from skyburst.local_cloud.batch.containers import Container, Exit, Limits, provide_programs
from skyburst.local_cloud.batch.credentials import ContainerCredentials
from skyburst.local_cloud.batch.instances import Instance, Instances
from skyburst.local_cloud.batch.jobs import ENDED, STATES, WAITING, Job, now_ms
from skyburst.local_cloud.batch.metadata import VARIABLE as METADATA
from skyburst.local_cloud.batch.metadata import ContainerMetadata, Task
from skyburst.local_cloud.batch.placing import Choice, Need, Place, can_ever, choose
from skyburst.local_cloud.event_bus import tell
from skyburst.local_cloud.events import EventQueue

if TYPE_CHECKING:
    from skyburst.local_cloud.services import Services

log = logging.getLogger(__name__)

JOB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}\Z")
JOB_CHANGE = "Batch Job State Change"
MOST_IN_ARRAY = 10_000
SHORTEST_TIMEOUT_S = 60
TICK_S = 0.25
"""Between looks at instances that are idle or that somebody has terminated."""
NO_CAPACITY = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"
TOO_LARGE = (
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement (vCPU/memory/GPU) is higher than that can "
    "be met by the CE(s) attached to the job queue."
)
STOPPED = "the local cloud was stopped"
OVERRIDES = frozenset({"command", "environment", "resourceRequirements", "vcpus", "memory", "instanceType"})


@dataclass(frozen=True, slots=True)
class Settings:
    """How jobs run here where AWS would do it otherwise."""

    processes: int = 8
    """Attempts that run at a time, of all jobs; others wait in STARTING. On AWS each has processors of its own."""
    idle_s: float = 1.0
    """Until an instance that runs nothing is terminated. On AWS: some minutes."""
    stop_s: float = 30.0
    """Between SIGTERM and SIGKILL for a job that is to end, as on AWS."""
    shortest_timeout_s: int = SHORTEST_TIMEOUT_S
    """The least that a timeout of a job can be, as on AWS."""


class Batch:
    """Jobs of one account and region. Safe to use from any thread."""

    def __init__(self, services: Services, settings: Settings) -> None:
        self._services = services
        self._settings = settings
        self._changed = threading.Condition(threading.RLock())
        self._jobs: dict[str, Job] = {}
        self._waiting: dict[str, list[Job]] = {}
        """Jobs in RUNNABLE by their queue, the next one first."""
        self._limits: dict[str, Mapping[str, int]] = {}
        """Seconds that a job waits at the head of a queue with a reason, before it is cancelled."""
        self._closed = False
        self._instances = Instances(services, lambda name: not services.faults.lacks_capacity(name))
        self._events = EventQueue(1)  # one thread: changes are told in their order
        self._threads = ThreadPoolExecutor(settings.processes, "batch-job")
        self._numbers = itertools.count()
        self._programs = provide_programs(services.folder / "programs")
        self._log_lock = threading.Lock()
        self.credentials = ContainerCredentials(services.identities)
        self.metadata = ContainerMetadata()
        self._thread: threading.Thread | None = None

    # What the API does

    def submit(self, given: Mapping[str, Any]) -> Job:
        """Accept a job. Raises Invalid."""
        job = self._made(given)
        with self._changed:
            if self._closed:
                raise Invalid("the local cloud is being stopped")
            if self._thread is None:
                self._thread = threading.Thread(target=self._schedule, name="batch", daemon=True)
                self._thread.start()
            for one in (job, *job.children):
                self._jobs[one.id] = one
                self._move(one, "SUBMITTED")
            for one in (job, *job.children):
                self._move(one, "PENDING" if one.is_array or one.depends_on else "RUNNABLE")
            self._changed.notify_all()
        return job

    def describe(self, names: Iterable[str]) -> list[dict[str, Any]]:
        """Jobs by their ids or ARNs; those that do not exist are left out, as Batch does."""
        with self._changed:
            found = (self._jobs.get(name.rpartition(":job/")[2]) for name in names)
            return [
                {**job.describe(), "tags": {**job.tags, **self._backend.list_tags_for_resource(job.arn)}}
                for job in found
                if job is not None
            ]

    def tags_of(self, name: str) -> dict[str, str]:
        """Tags by which the right to end a job is decided; children of arrays cannot have any, as little as what is not there."""
        with self._changed:
            job = self._jobs.get(name.rpartition(":job/")[2])
            return {} if job is None or job.index is not None else dict(job.tags)

    def jobs_of(self, *, queue: str | None, array: str | None, state: str | None) -> list[Job]:
        """Jobs of a queue, given by its ARN, or of an array, in one state or in any; the oldest first."""
        with self._changed:
            if array is not None:
                parent = self._jobs.get(array)
                jobs = list(parent.children) if parent else []
            else:
                jobs = [job for job in self._jobs.values() if job.queue == queue and job.index is None]
            return [job for job in jobs if state is None or job.state == state]

    def cancel(self, name: str, reason: str) -> None:
        """End a job that has not started; one that has goes on."""
        self._end(name, reason, cancel=True)

    def terminate(self, name: str, reason: str) -> None:
        """End a job."""
        self._end(name, reason, cancel=False)

    def limit_waiting(self, queue: str, limits: Mapping[str, int]) -> None:
        """Cancel what has waited at the head of a queue for so many seconds for a reason, such as `NO_CAPACITY`."""
        with self._changed:
            self._limits[queue] = dict(limits)

    # What there is to see

    def instances(self) -> list[Instance]:
        """Those of all compute environments that run."""
        with self._changed:
            return self._instances.running()

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Wait until all jobs are over, all instances gone and all events told; False when that took too long."""
        until = time.monotonic() + timeout_s
        with self._changed:
            idle = self._changed.wait_for(
                lambda: all(job.is_over for job in self._jobs.values()) and not self._instances.count(), timeout_s
            )
        return idle and self._events.wait_until_idle(max(0.0, until - time.monotonic()))

    def close(self) -> None:
        """End all processes."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        self._threads.shutdown(cancel_futures=True)
        self._events.close()

    # Making a job of a request

    def _made(self, given: Mapping[str, Any]) -> Job:
        backend = self._backend
        name = given["jobName"]
        if not JOB_NAME.match(name):
            raise Invalid(f"jobName is {name!r}: expected letters, digits, hyphens and _, 128 at most")
        definition = backend.get_job_definition(given["jobDefinition"])
        if definition is None or definition.status != "ACTIVE":
            raise Invalid(f"the job definition {given['jobDefinition']} does not exist, or is not active")
        queue = backend.get_job_queue(given["jobQueue"])
        if queue is None or queue.state != "ENABLED":
            raise Invalid(f"the job queue {given['jobQueue']} does not exist, or is not enabled")
        overrides = given.get("containerOverrides") or {}
        if unknown := overrides.keys() - OVERRIDES:
            raise Invalid(f"the local cloud does not know {', '.join(sorted(unknown))} of containerOverrides")
        container = overridden(definition.container_properties or {}, overrides)
        strategy = given.get("retryStrategy") or definition.retry_strategy or {"attempts": 1}
        retries.check(strategy)
        timeout = (given.get("timeout") or definition.timeout or {}).get("attemptDurationSeconds")
        if timeout is not None and int(timeout) < self._settings.shortest_timeout_s:
            raise Invalid(f"attemptDurationSeconds is {timeout}: expected {self._settings.shortest_timeout_s} at least")
        size = (given.get("arrayProperties") or {}).get("size")
        if size is not None and not 2 <= int(size) <= MOST_IN_ARRAY:
            raise Invalid(f"arrayProperties.size is {size}: expected 2 to {MOST_IN_ARRAY}")
        depends_on = tuple(given.get("dependsOn") or [])
        for entry in depends_on:
            if entry.get("jobId") and entry["jobId"] not in self._jobs:
                raise Invalid(f"dependsOn has the job {entry['jobId']}, which does not exist")
        job_id = str(uuid.uuid4())
        job = Job(
            id=job_id, name=name, arn=self._arn(job_id), queue=queue.arn, definition=definition.arn,
            definition_name=definition.name, container=container, need=need_of(container), strategy=strategy,
            timeout_s=None if timeout is None else int(timeout),
            parameters={**(definition.parameters or {}), **(given.get("parameters") or {})}, tags=dict(given.get("tags") or {}),
            depends_on=depends_on, propagate_tags=bool(given.get("propagateTags", definition.propagate_tags)),
            array_size=None if size is None else int(size),
        )  # fmt: skip
        job.children = [
            replace(
                job, id=f"{job_id}:{index}", arn=self._arn(f"{job_id}:{index}"), array_size=None, index=index,
                parent=job_id, depends_on=self._of_child(depends_on, job_id, index), attempts=[], children=[],
            )
            for index in range(job.array_size or 0)
        ]  # fmt: skip
        return job

    def _of_child(
        self, depends_on: Sequence[Mapping[str, str]], parent: str, index: int
    ) -> tuple[Mapping[str, str], ...]:
        """What one child of an array waits for."""
        found: list[Mapping[str, str]] = []
        for entry in depends_on:
            kind = entry.get("type")
            if kind == "SEQUENTIAL":
                if index:
                    found.append({"jobId": f"{parent}:{index - 1}"})
            elif kind == "N_TO_N":
                found.append({"jobId": f"{entry['jobId']}:{index}"})
            else:
                found.append(entry)
        return tuple(found)

    @property
    def _backend(self) -> Any:
        """Moto's queues, compute environments and job definitions."""
        from moto.batch.models import batch_backends

        return batch_backends[self._services.account][self._services.region]

    def _arn(self, job_id: str) -> str:
        return f"arn:aws:batch:{self._services.region}:{self._services.account}:job/{job_id}"

    # States

    def _move(self, job: Job, state: str, reason: str | None = None) -> None:
        """Give a job a state, and tell of it. With the lock."""
        if job.state == "RUNNABLE" and job in self._waiting.get(job.queue, []):
            self._waiting[job.queue].remove(job)
        job.state = state
        job.reason = reason if reason is not None or state in ENDED else job.reason
        if state == "RUNNABLE":
            self._waiting.setdefault(job.queue, []).append(job)
        if state in ENDED:
            job.stopped_ms = now_ms()
        document = job.describe()
        self._events.put(lambda: tell("aws.batch", JOB_CHANGE, [job.arn], document))
        if state in ENDED:
            self._after(job)
        self._changed.notify_all()

    def _after(self, ended: Job) -> None:
        """What the end of a job means for its array and for those that wait for it. With the lock."""
        if ended.parent is not None:
            parent = self._jobs[ended.parent]
            if not parent.is_over and all(child.is_over for child in parent.children):
                failed = any(child.state == "FAILED" for child in parent.children)
                parent.started_ms = min((one.started_ms or now_ms() for one in parent.children), default=None)
                reason = parent.ending or ("Array Child Job failed" if failed else None)
                self._move(parent, "FAILED" if failed else "SUCCEEDED", reason)
        for job in list(self._jobs.values()):
            if job.state == "PENDING" and not job.is_array:
                self._look_at_dependencies(job)

    def _look_at_dependencies(self, job: Job) -> None:
        before = [self._jobs[entry["jobId"]] for entry in job.depends_on if entry.get("jobId") in self._jobs]
        if any(one.state == "FAILED" for one in before):
            self._move(job, "FAILED", "Dependent Job failed")
        elif all(one.state == "SUCCEEDED" for one in before):
            self._move(job, "RUNNABLE")

    def _end(self, name: str, reason: str, *, cancel: bool) -> None:
        with self._changed:
            job = self._jobs.get(name.rpartition(":job/")[2])
            if job is None or job.is_over:
                return
            for one in [job, *job.children]:
                if one.is_over:
                    continue
                one.cancelled, one.terminated = one.cancelled or cancel, one.terminated or not cancel
                if one.state in WAITING and not one.is_array:
                    self._move(one, "FAILED", reason)
                elif not cancel or one.is_array:
                    one.ending = reason
            self._changed.notify_all()

    # Running

    def _schedule(self) -> None:
        """Place what can be placed whenever something has changed, and end idle instances."""
        with self._changed:
            while not self._closed:
                try:
                    self._place_all()
                    self._instances.scale_down(self._settings.idle_s)
                except Exception:
                    # A scheduler that ends would leave all jobs waiting.
                    log.exception("jobs could not be placed")
                if not self._instances.count():
                    self._changed.notify_all()
                watches = self._instances.count() or any(self._waiting.values())
                self._changed.wait(TICK_S if watches else None)

    def _place_all(self) -> None:
        for arn, forgotten in list(self._waiting.items()):
            if self._backend.get_job_queue_by_arn(arn) is None:
                for job in list(forgotten):
                    self._move(job, "FAILED", f"the job queue {arn} was deleted")
        queues = [self._backend.get_job_queue_by_arn(arn) for arn in self._waiting]
        for queue in sorted((one for one in queues if one is not None), key=lambda one: -int(one.priority)):
            # In the order of their arrival, of which one that finds no room holds up the others, as in a queue of Batch.
            while waiting := self._waiting.get(queue.arn):
                job = waiting[0]
                by_arn = {one.arn: one for one in queue.environments}
                places = [self._instances.place(one) for one in queue.environments]
                choice = choose(job.need, places)
                if choice is None:
                    if not self._is_given_up(job, waits_because(job.need, places)):
                        break
                    continue
                self._start(job, choice, by_arn[choice.place.arn])

    def _is_given_up(self, job: Job, reason: str | None) -> bool:
        """Note why the first job of a queue waits; true when it has waited for too long, and is cancelled."""
        if reason != job.reason or job.stuck_since is None:
            job.reason, job.stuck_since = reason, time.monotonic()
        for why, most_s in self._limits.get(job.queue, {}).items():
            if reason is not None and reason.startswith(why) and time.monotonic() - job.stuck_since > most_s:
                self._move(job, "FAILED", f"Canceled by JobStateTimeLimit action due to reason: {why}")
                return True
        return False

    def _start(self, job: Job, choice: Choice, environment: Any) -> None:
        instance = self._instances.take(choice, job.id, job.need, environment)
        job.stuck_since = None
        self._move(job, "STARTING")
        self._threads.submit(self._attempt, job, instance, environment.name)

    def _attempt(self, job: Job, instance: str, environment: str) -> None:
        try:
            exit_ = self._run(job, instance, environment)
        except Exception as error:
            log.exception("an attempt at the job %s could not be run", job.id)
            exit_ = Exit(f"The local cloud could not run it: {type(error).__name__}: {error}", final=True)
        with self._changed:
            self._instances.leave(instance, job.id)
            container: dict[str, Any] = {**job.placed, "logStreamName": job.stream, "networkInterfaces": []}
            if exit_.exit_code is not None:
                container["exitCode"] = exit_.exit_code
            if exit_.reason:
                container["reason"] = exit_.reason
            job.attempts.append(
                {
                    "container": container,
                    "startedAt": job.started_ms,
                    "stoppedAt": now_ms(),
                    "statusReason": exit_.status_reason,
                }
            )
            if exit_.exit_code == 0 and job.ending is None:
                self._move(job, "SUCCEEDED", exit_.status_reason)
            elif self._is_tried_again(job, exit_):
                self._move(job, "RUNNABLE", exit_.status_reason)
            else:
                self._move(job, "FAILED", job.ending or exit_.status_reason)

    def _is_tried_again(self, job: Job, exit_: Exit) -> bool:
        if exit_.final or job.ending is not None or self._closed:
            return False
        code = "" if exit_.exit_code is None else str(exit_.exit_code)
        ended = {"status_reason": exit_.status_reason, "reason": exit_.reason, "exit_code": code}
        return retries.is_tried_again(job.strategy, attempts_made=len(job.attempts), ended=ended)

    def _run(self, job: Job, instance: str, environment: str) -> Exit:
        stream = job.new_stream()
        with self._changed:
            if job.ending is not None or self._closed:
                return Exit(job.ending or STOPPED, final=True)
            if self._instances.is_gone(instance):
                return Exit(lost(instance))
            job.stream = stream
            host = self._instances.get(instance)
        task = Task(
            f"{host.cluster.replace(':cluster/', ':task/')}/{uuid.uuid4().hex}", host.cluster, host.arn, host.zone
        )
        job.placed = {"containerInstanceArn": host.arn, "taskArn": task.arn}
        about = self.metadata.offer(job.log_group, stream, self._services.region, task)
        variables = {**self._variables(job, environment), METADATA: self._services.endpoint + about, **job.variables()}
        role, path = job.container.get("jobRoleArn"), None
        folder = self._services.folder / "containers" / str(next(self._numbers))
        folder.mkdir(parents=True)
        if role:
            try:
                path, token = self.credentials.grant(role, f"batch-{uuid.uuid4().hex}")
            except PermissionError as error:
                return Exit("Task failed to start", None, f"ECS was unable to assume the role: {error}")
            token_file = folder / "token"
            token_file.write_text(token, encoding="utf-8")
            variables |= {
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": self._services.endpoint + path,
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token_file),
            }
        taken = self._services.faults.take_reclaim(job.name)
        container = Container(job.command(), variables, folder, self._programs)
        with self._changed:
            job.started_ms = now_ms()
            self._move(job, "RUNNING")

        def lost_with(seconds: float) -> str | None:
            if self._closed:
                return STOPPED
            if taken is not None and seconds >= taken:
                self._instances.terminate(instance)
            return lost(instance) if self._instances.is_gone(instance) else None

        limits = Limits(
            memory_mb=job.need.memory_mb,
            timeout_s=job.timeout_s,
            stop_s=self._settings.stop_s,
            ended_by=lambda: job.ending,
            lost_with=lost_with,
        )
        try:
            return container.watch(limits, lambda lines: self._write_log(job.log_group, stream, lines))
        finally:
            container.close()
            self.metadata.forget(about)
            if path is not None:
                self.credentials.revoke(path)

    def _variables(self, job: Job, environment: str) -> dict[str, str]:
        """What Batch tells a container."""
        variables = {
            "AWS_BATCH_JOB_ID": job.id,
            "AWS_BATCH_JOB_ATTEMPT": str(len(job.attempts) + 1),
            "AWS_BATCH_JQ_NAME": job.queue.rpartition("/")[2],
            "AWS_BATCH_CE_NAME": environment,
            "AWS_EXECUTION_ENV": "AWS_ECS_EC2",
            "AWS_ENDPOINT_URL": self._services.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if job.index is not None:
            variables["AWS_BATCH_JOB_ARRAY_INDEX"] = str(job.index)
            variables["AWS_BATCH_JOB_ARRAY_SIZE"] = str(self._jobs[job.parent or ""].array_size)
        return variables

    def _write_log(self, group: str, stream: str, lines: list[str]) -> None:
        from moto.logs.models import logs_backends

        backend = logs_backends[self._services.account][self._services.region]
        moment = now_ms()
        with self._log_lock:
            backend.ensure_log_group(group)
            if stream not in backend.groups[group].streams:
                backend.create_log_stream(group, stream)
            backend.put_log_events(group, stream, [{"timestamp": moment, "message": line} for line in lines])


def lost(instance: str) -> str:
    """What Batch says of a job whose instance is gone."""
    return f"Host EC2 (instance {instance}) terminated."


def waits_because(need: Need, places: Sequence[Place]) -> str | None:
    """Why a job that finds no place waits, if it is for more than others to end."""
    if not can_ever(need, places):
        return TOO_LARGE
    if not any(place.open for place in places):
        return (
            f"{NO_CAPACITY} - The job cannot be scheduled because there is not enough capacity for its instance types."
        )
    return None


def overridden(container: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of a container with what SubmitJob gives in their place."""
    result = dict(container)
    if overrides.get("command"):
        result["command"] = list(overrides["command"])
    environment = {entry["name"]: entry for entry in container.get("environment") or []}
    environment |= {entry["name"]: entry for entry in overrides.get("environment") or []}
    result["environment"] = list(environment.values())
    needs = {entry["type"]: entry for entry in container.get("resourceRequirements") or []}
    needs |= {entry["type"]: entry for entry in overrides.get("resourceRequirements") or []}
    result["resourceRequirements"] = list(needs.values())
    for name in ("vcpus", "memory"):
        if name in overrides:
            result[name] = overrides[name]
    return result


def need_of(container: Mapping[str, Any]) -> Need:
    """What a container takes. Raises Invalid when it does not say."""
    needs = {entry["type"]: entry["value"] for entry in container.get("resourceRequirements") or []}
    vcpus, memory = needs.get("VCPU", container.get("vcpus")), needs.get("MEMORY", container.get("memory"))
    if vcpus is None or memory is None:
        raise Invalid("the job has no VCPU or MEMORY among its resourceRequirements")
    return Need(float(vcpus), int(memory), int(needs.get("GPU", 0)))


def check_state(state: str | None) -> None:
    """Raise Invalid for a state that there is not."""
    if state is not None and state not in STATES:
        raise Invalid(f"jobStatus is {state!r}: expected one of {', '.join(STATES)}")
