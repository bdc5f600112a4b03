"""What the Lambda service does around a function: environments, concurrency, events and their retries, logs."""

from __future__ import annotations

import base64
import collections
import datetime as dt
import hashlib
import json
import logging
import threading
import time
import uuid
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from skyburst.local_cloud.environments import Configuration, Environment, Place, error_document, provide_packages
from skyburst.local_cloud.events import EventQueue
from skyburst.local_cloud.limits import RECURSIVE_INVOKES
from skyburst.local_cloud.runtime_api import Invocation, trace_id
from skyburst.local_cloud.unpacking import Archive, Unpacked

if TYPE_CHECKING:
    from skyburst.local_cloud.services import Services

log = logging.getLogger(__name__)

THROTTLE_DELAY_S = 0.2
"""Before a throttled event is tried again. On AWS it is one second at first and five minutes at last."""
IDLE_ENVIRONMENTS = 40
"""Processes that are kept warm at most, of all functions together."""
IDLE_S = 60.0
"""Those that had nothing to do for so long are ended when another one becomes idle. On AWS it is some minutes."""
MOST_EVENT_AGE_S = 21_600.0


class Throttled(Exception):
    """Raised when a function may not run another invocation at this time."""


class TooRecursive(Exception):
    """Raised when a function has invoked itself too often in one chain."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How functions run here where AWS would do it otherwise."""

    concurrency: int = 1_000
    """Invocations at a time, of all functions together; more are throttled."""
    event_concurrency: int = 4
    """Events that are handled at a time. AWS has no such limit; more than two for each processor only start slower."""
    retry_delays_s: tuple[float, ...] = (0.5, 1.0)
    """Before the second and the third attempt of an event. On AWS: 60 and 120."""
    init_s: float = 30.0
    """Until an environment is ready. On AWS: 10, on processors that nobody shares."""


@dataclass(frozen=True, slots=True)
class Event:
    """One delivery of an event."""

    function: Any
    payload: bytes
    lineage: str
    accepted_at: float
    attempt: int = 1
    sampled: bool = False
    request: str = field(default_factory=lambda: str(uuid.uuid4()))
    """Its request id, which all deliveries of an event have."""


class Functions:
    """Runs functions of moto's Lambda backend in processes."""

    def __init__(self, services: Services, settings: Settings) -> None:
        self._services = services
        self._settings = settings
        self._unpacked = Unpacked(services.folder / "code")
        self._provided = provide_packages(services.folder / "provided")
        self._lock = threading.Lock()
        self._log_lock = threading.Lock()
        self._count_lock = threading.Lock()
        self._idle: dict[Configuration, list[Environment]] = {}
        self._running: set[Environment] = set()
        self._busy: collections.Counter[str] = collections.Counter()
        self._events = EventQueue(settings.event_concurrency)
        self._closed = False
        self.recursive: set[str] = set()
        """Names of functions whose configuration allows recursion."""
        self.counts: collections.Counter[str] = collections.Counter()
        """`cold`, `warm`, `errors`, `throttled`, `events`, `retries`, `exhausted`, `dropped`, and invocations by name."""

    def call(self, function: Any, payload: bytes, trace: str = "") -> Invocation:
        """Run a function and wait for it. Raises Throttled or TooRecursive."""
        return self._run(function, payload, self._lineage(function, trace), sampled=is_sampled(trace))

    def send(self, function: Any, payload: bytes, trace: str = "") -> None:
        """Accept an event for a function. Raises Throttled when a test asks for it."""
        name = function.function_name
        if self._services.faults.take_throttle(name):
            raise Throttled(name)
        self._count("events")
        event = Event(function, payload, "", time.monotonic(), sampled=is_sampled(trace))
        try:
            event = replace(event, lineage=self._lineage(function, trace))
        except TooRecursive as error:
            self._count("dropped")
            log.warning("%s", error)
            failed = Invocation(payload, function.function_arn, 0.0, error="Unhandled", result=error_document(error))
            self._events.put(lambda: self._give_up(event, failed, "RecursiveInvocationsDropped"))
            return
        for _ in range(2 if self._services.faults.take_duplicate(name) else 1):
            self._events.put(lambda: self._handle(event))

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Wait until all events are handled or given up; False when that took too long."""
        return self._events.wait_until_idle(timeout_s)

    def forget(self, name: str) -> None:
        """End the warm environments of a function that was deleted."""
        with self._lock:
            stale = [one for key in list(self._idle) if key.name == name for one in self._idle.pop(key)]
            self.recursive.discard(name)
        for environment in stale:
            environment.close()

    def close(self) -> None:
        """End all processes, also those that run something."""
        with self._lock:
            self._closed = True
            idle = [environment for many in self._idle.values() for environment in many]
            running = list(self._running)
            self._idle.clear()
        for environment in running:
            environment.kill()
        for environment in idle:
            environment.close()
        self._events.close()

    def _run(
        self, function: Any, payload: bytes, lineage: str, *, sampled: bool, request: str | None = None
    ) -> Invocation:
        name = function.function_name
        trace = trace_id(lineage, sampled=sampled)
        invocation = Invocation(payload, function.function_arn, float(function.timeout), trace)
        invocation.id = request or invocation.id
        self._enter(function)
        try:
            kill = self._services.faults.take_kill(name)
            environment = self._environment(function)
            try:
                environment.run(invocation, kill)
            finally:
                self._leave(environment, configuration_of(function))
        finally:
            with self._lock:
                self._busy[name] -= 1
        self._count(name)
        if invocation.error is not None:
            self._count("errors")
        self._write_log(function, environment.log_stream, invocation.lines)
        return invocation

    def _enter(self, function: Any) -> None:
        name = function.function_name
        reserved = function.reserved_concurrency
        with self._lock:
            if self._closed:
                raise Throttled(name)
            all_taken = self._busy.total() >= self._settings.concurrency
            own_taken = reserved is not None and self._busy[name] >= int(reserved)
            if all_taken or own_taken or self._services.faults.take_throttle(name):
                self._count("throttled")
                raise Throttled(name)
            self._busy[name] += 1

    def _environment(self, function: Any) -> Environment:
        configuration = configuration_of(function)
        stale: list[Environment] = []
        with self._lock:
            for key in [key for key in self._idle if key.arn == configuration.arn and key != configuration]:
                stale += self._idle.pop(key)
            warm = self._idle.get(configuration, [])
            found = None
            while warm and found is None:
                environment = warm.pop()
                found = environment if environment.alive else None
                if found is None:
                    stale.append(environment)
            if not warm:
                self._idle.pop(configuration, None)
            if found is not None:
                self._running.add(found)
        for environment in stale:
            environment.close()
        self._count("cold" if found is None else "warm")
        return found or self._start(function, configuration)

    def _start(self, function: Any, configuration: Configuration) -> Environment:
        credentials = self._services.identities.of_role(configuration.role, configuration.name, "lambda.amazonaws.com")
        layers = _layers_of(function)
        place = Place(
            task=self._unpacked.of([_archive_of(function)]),
            layers=self._unpacked.of([_archive_of(layer) for layer in layers]) if layers else None,
            provided=self._provided,
            scratch=self._services.folder / "scratch" / uuid.uuid4().hex,
            endpoint=self._services.endpoint,
            credentials=credentials.variables(),
            init_s=self._settings.init_s,
        )
        environment = Environment(configuration, place)
        with self._lock:
            self._running.add(environment)
            if self._closed:
                environment.kill()
        return environment

    def _leave(self, environment: Environment, configuration: Configuration) -> None:
        with self._lock:
            self._running.discard(environment)
            if environment.alive and not self._closed:
                environment.idle_since = time.monotonic()
                self._idle.setdefault(configuration, []).append(environment)
                leaving = self._too_many()
            else:
                leaving = [environment]
        for one in leaving:
            one.close()

    def _too_many(self) -> list[Environment]:
        """Take out the environments that are kept warm no longer."""
        idle = sorted((one for many in self._idle.values() for one in many), key=lambda one: one.idle_since)
        since = time.monotonic() - IDLE_S
        over = len(idle) - IDLE_ENVIRONMENTS
        leaving = [one for number, one in enumerate(idle) if number < over or one.idle_since < since]
        for configuration, many in list(self._idle.items()):
            left = [one for one in many if one not in leaving]
            if left:
                self._idle[configuration] = left
            else:
                del self._idle[configuration]
        return leaving

    def _count(self, name: str) -> None:
        with self._count_lock:
            self.counts[name] += 1

    def _lineage(self, function: Any, trace: str) -> str:
        """The functions of a chain of invocations, and how often each ran, as Lambda writes it into the trace."""
        own = hashlib.sha256(function.function_name.encode()).hexdigest()[:8]
        # botocore encodes what it sends on, `|` among it.
        before = unquote(trace).partition("Lineage=")[2].partition(";")[0]
        counts = dict(part.split(":") for part in before.split("|") if ":" in part)
        counts[own] = str(int(counts.get(own, "0")) + 1)
        if int(counts[own]) > RECURSIVE_INVOKES and function.function_name not in self.recursive:
            raise TooRecursive(
                f"Lambda stopped a chain in which {function.function_name} was invoked {counts[own]} times; "
                "its property RecursiveLoop does not allow that"
            )
        return "|".join(f"{one}:{count}" for one, count in counts.items())

    def _handle(self, event: Event) -> None:
        try:
            invocation = self._run(
                event.function, event.payload, event.lineage, sampled=event.sampled, request=event.request
            )
        except Throttled:
            self._events.put(lambda: self._handle(event), THROTTLE_DELAY_S)
            return
        except PermissionError as error:
            invocation = Invocation(event.payload, event.function.function_arn, 0.0)
            invocation.finish(error_document(error), "Unhandled")
        policy = event_policy_of(event.function)
        retries = policy.get("MaximumRetryAttempts", 2)
        age_s = time.monotonic() - event.accepted_at
        if invocation.error is None:
            self._deliver(event, invocation, "Success", policy.get("DestinationConfig", {}).get("OnSuccess"))
        elif event.attempt <= retries and age_s < policy.get("MaximumEventAgeInSeconds", MOST_EVENT_AGE_S):
            self._count("retries")
            delays = self._settings.retry_delays_s
            again = replace(event, attempt=event.attempt + 1)
            self._events.put(lambda: self._handle(again), delays[min(event.attempt, len(delays)) - 1])
        else:
            self._give_up(event, invocation, "RetriesExhausted")

    def _give_up(self, event: Event, invocation: Invocation, condition: str) -> None:
        self._count("exhausted")
        policy = event_policy_of(event.function)
        self._deliver(event, invocation, condition, policy.get("DestinationConfig", {}).get("OnFailure"))
        dead_letters = (getattr(event.function, "dead_letter_config", None) or {}).get("TargetArn")
        if dead_letters:
            self._send(event.function, dead_letters, event.payload.decode())

    def _deliver(self, event: Event, invocation: Invocation, condition: str, destination: Any) -> None:
        target = (destination or {}).get("Destination")
        if not target:
            return
        response: dict[str, Any] = {"statusCode": 200, "executedVersion": str(event.function.version)}
        if invocation.error is not None:
            response["functionError"] = invocation.error
        record = {
            "version": "1.0",
            "timestamp": dt.datetime.now(dt.UTC).isoformat(),
            "requestContext": {
                "requestId": invocation.id,
                "functionArn": f"{event.function.function_arn}:$LATEST",
                "condition": condition,
                "approximateInvokeCount": event.attempt,
            },
            "requestPayload": json.loads(event.payload or b"null"),
            "responseContext": response,
            "responsePayload": json.loads(invocation.result or b"null"),
        }
        self._send(event.function, target, json.dumps(record))

    def _send(self, function: Any, target_arn: str, text: str) -> None:
        """Send a text to a queue, a topic or a function, with the rights of the function's role."""
        from botocore.exceptions import ClientError

        services = self._services
        try:
            credentials = services.identities.of_role(function.role, function.function_name, "lambda.amazonaws.com")
            _, _, service, region, account, name = target_arn.split(":", 5)
            client = services.client(service, credentials)
            if service == "sqs":
                client.send_message(QueueUrl=f"https://sqs.{region}.amazonaws.com/{account}/{name}", MessageBody=text)
            elif service == "sns":
                client.publish(TopicArn=target_arn, Message=text)
            elif service == "lambda":
                client.invoke(FunctionName=target_arn, InvocationType="Event", Payload=text)
            else:
                log.error("the local cloud cannot deliver to the destination %s", target_arn)
        except (ClientError, PermissionError) as error:
            # AWS does not tell the caller either: it counts DestinationDeliveryFailures.
            self._count("undelivered")
            log.warning("%s could not deliver to %s: %s", function.function_name, target_arn, error)

    def _write_log(self, function: Any, stream: str, lines: list[str]) -> None:
        group = function.logs_group_name
        backend = function.logs_backend
        now_ms = int(time.time() * 1000)
        with self._log_lock:
            backend.ensure_log_group(group)
            if stream not in backend.groups[group].streams:
                backend.create_log_stream(group, stream)
            backend.put_log_events(group, stream, [{"timestamp": now_ms, "message": line} for line in lines])


def is_sampled(trace: str) -> bool:
    """Whether a caller wants what it invokes to be traced; nothing else is, here."""
    return "Sampled=1" in unquote(trace)


def configuration_of(function: Any) -> Configuration:
    """What a function of moto is run from."""
    return Configuration(
        name=function.function_name,
        arn=function.function_arn,
        version=str(function.version),
        runtime=function.run_time or "",
        handler=function.handler,
        code=function.code_sha_256,
        layers=tuple(layer.code_sha_256 for layer in _layers_of(function)),
        variables=tuple(sorted((name, str(value)) for name, value in function.environment_vars.items())),
        memory_mb=int(function.memory_size),
        timeout_s=float(function.timeout),
        role=function.role,
        region=function.region,
        log_group=function.logs_group_name,
    )


def _layers_of(function: Any) -> list[Any]:
    from moto.awslambda.models import lambda_backends

    backend = lambda_backends[function.account_id][function.region]
    return [backend.layers_versions_by_arn(layer["Arn"]) for layer in function.layers]


def _archive_of(deployed: Any) -> Archive:
    """The zip of a function or layer of moto."""
    return Archive(deployed.code_sha_256, deployed.code_bytes)


def content_once(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What a zip in S3 is, read and kept once for all functions that are made from it."""
    known: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()

    def content(key: Any) -> Any:
        if key not in known:
            known[key] = original(key)
        return known[key]

    return content


def event_policy_of(function: Any) -> dict[str, Any]:
    """How events of a function are retried, and where they go at last."""
    for policy in function.event_invoke_config:
        document: dict[str, Any] = policy if isinstance(policy, dict) else policy.response()
        return document
    return {}


def answer(function: Any, body: Any, request_headers: Any, response_headers: Any) -> bytes:
    """Answer the operation Invoke, in place of moto's: run the function, or accept the event."""
    from skyburst.local_cloud.running import current
    from skyburst.local_cloud.service_errors import (
        InvalidContent,
        RecursiveInvocation,
        RoleNotAssumed,
        TooManyRequests,
    )

    payload = (body.encode() if isinstance(body, str) else body) or b"{}"
    headers = {str(name).lower(): value for name, value in dict(request_headers or {}).items()}
    kind = headers.get("x-amz-invocation-type", "RequestResponse")
    trace = headers.get("x-amzn-trace-id", "")
    if kind == "DryRun":
        return b""
    try:
        json.loads(payload)
    except ValueError as error:
        raise InvalidContent(str(error)) from error
    functions = current().functions
    try:
        if kind == "Event":
            functions.send(function, payload, trace)
            return b""
        invocation = functions.call(function, payload, trace)
    except Throttled as error:
        raise TooManyRequests from error
    except TooRecursive as error:
        raise RecursiveInvocation(str(error)) from error
    except PermissionError as error:
        raise RoleNotAssumed(str(error)) from error
    if invocation.error:
        response_headers["x-amz-function-error"] = invocation.error
    response_headers["x-amz-executed-version"] = str(function.version)
    response_headers["x-amz-log-result"] = log_tail(invocation.lines)
    return invocation.result


def log_tail(lines: list[str]) -> str:
    """The last 4 KB of a log, in base64, as the answer to `LogType=Tail` has them."""
    return base64.b64encode("\n".join(lines).encode()[-4096:]).decode()
