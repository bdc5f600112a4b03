"""What moto's Step Functions interpreter does otherwise than AWS, put right.

Each function here that takes `original` makes the replacement of one thing of moto; `patches.py` says of which.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from skyburst.local_cloud.event_bus import tell_of_execution
from skyburst.local_cloud.running import current

INDEFINITE = re.compile(r"\*|\.\.|\[\?|\[[^\]'\"]*[:,][^\]'\"]*\]")
"""A JSONPath that can find any number of values; AWS answers a list for it, and one value for any other."""
TERMINAL = frozenset({"States.DataLimitExceeded", "States.Runtime"})
"""Errors that `States.ALL` does not match."""
CAN_END = frozenset({"Succeed", "Fail"})
Original = Any
Replacement = Callable[..., Any]


def normalise_parameters(_original: Original) -> Replacement:
    """Parameters in the spelling of the service: moto left empty what its model, LocalStack, does here."""

    def normalise(
        self: Any, parameters: Any, boto_service_name: str | None = None, service_action_name: str | None = None
    ) -> None:
        shape = _operation(self, boto_service_name, service_action_name).input_shape
        if shape is not None and isinstance(parameters, dict):
            self._to_boto_request(parameters, shape)

    return normalise


def normalise_response(_original: Original) -> Replacement:
    """Responses in the spelling of Step Functions, with streams read: moto left this empty, too."""

    def normalise(
        self: Any, response: Any, boto_service_name: str | None = None, service_action_name: str | None = None
    ) -> None:
        shape = _operation(self, boto_service_name, service_action_name).output_shape
        if shape is not None:
            self._from_boto_response(response, shape)

    return normalise


def _operation(self: Any, service: str | None, action: str | None) -> Any:
    from botocore import xform_name
    from moto.core.utils import get_service_model

    model = get_service_model(self._get_boto_service_name(service))
    wanted = self._get_boto_service_action(action)
    return next(model.operation_model(name) for name in model.operation_names if xform_name(name) == wanted)


def to_request_value(original: Original) -> Replacement:
    """A text given for binary content is that content, not its JSON."""

    def to_value(self: Any, value: Any, shape: Any) -> Any:
        if shape.type_name == "blob" and isinstance(value, str):
            return value.encode()
        return original(self, value, shape)

    return to_value


def to_request(original: Original) -> Replacement:
    """What is not an object is passed on as it is."""

    def convert(self: Any, parameters: Any, shape: Any) -> None:
        if isinstance(parameters, dict):
            original(self, parameters, shape)

    return convert


def supported_lambda_parameters(original: dict[str, set[str]]) -> dict[str, set[str]]:
    """`lambda:invoke` takes `InvocationType`; without it, an Event would be waited for."""
    return {**original, "invoke": {*original["invoke"], "InvocationType"}}


def service_error_name(original: Original) -> Any:
    """Errors of SDK integrations begin with a capital: `S3.NoSuchKeyException`."""

    def name_of(service_name: str) -> str:
        name: str = original(service_name)
        return name[:1].upper() + name[1:]

    return staticmethod(name_of)


def matches_error(original: Original) -> Replacement:
    """`States.ALL` matches all errors but two: what is too long for a state, and a path that leads nowhere, end an execution."""

    def evaluate(self: Any, env: Any) -> None:
        names = {name.error_name for name in self.error_names}
        if "States.ALL" in names and env.stack[-1].error_name in TERMINAL:
            env.stack[-1] = False
        else:
            original(self, env)

    return evaluate


def before_execution(original: Original) -> Replacement:
    """What a task is called with may be no longer than a state; moto looks at its result only."""

    def before(self: Any, env: Any, resource_runtime_part: Any, raw_parameters: Any, state_credentials: Any) -> None:
        self._verify_size_quota(env, raw_parameters)
        original(self, env, resource_runtime_part, raw_parameters, state_credentials)

    return before


def notify_heartbeat(_original: Original) -> Replacement:
    """AWS accepts a heartbeat of a task that asks for none."""

    def notify(self: Any) -> bool:
        if self._heartbeat_endpoint:
            self._heartbeat_endpoint.notify()
        return True

    return notify


def wait_for_heartbeat(original: Original) -> Replacement:
    """A task that was answered before the wait began is not waited for."""

    def wait(self: Any, env: Any, callback_endpoint: Any, heartbeat_endpoint: Any) -> Any:
        return callback_endpoint.get_outcome() or original(self, env, callback_endpoint, heartbeat_endpoint)

    return wait


def send_task_failure(_original: Original) -> Replacement:
    """The cause of a failure is kept."""

    def send(self: Any) -> Any:
        from moto.core.responses import EmptyResult

        error, cause = self._get_param("error"), self._get_param("cause")
        self.stepfunction_backend.send_task_failure(self._get_param("taskToken"), error=error, cause=cause)
        return EmptyResult()

    return send


def start_execution(original: Original) -> Replacement:
    """An execution without a name gets one of its own; moto names all of them None."""

    def start(self: Any, state_machine_arn: str, name: Any = None, *args: Any, **kwargs: Any) -> Any:
        return original(self, state_machine_arn, name or str(uuid.uuid4()), *args, **kwargs)

    return start


def reflect_status(original: Original) -> Replacement:
    """An execution has its outcome before it has ended, and its output in JSON; EventBridge hears of its end.

    moto sets the status first, so that who waits may find no output yet, and leaves texts as they are.
    """

    def reflect(self: Any) -> None:
        from moto.stepfunctions.parser.api import ExecutionStatus
        from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramError
        from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

        env, execution = self.execution.exec_worker.env, self.execution
        state = env.program_state()
        if isinstance(state, ProgramEnded):
            execution.output = to_json_str(env.states.get_input())
            execution.stop_date = dt.datetime.now(tz=dt.UTC)
            execution.exec_status = ExecutionStatus.SUCCEEDED
            tell_of_execution(execution)
            return
        if isinstance(state, ProgramError):
            execution.error = state.error.get("error")
            execution.cause = state.error.get("cause")
        original(self)
        tell_of_execution(execution)

    return reflect


def stop_execution(original: Original) -> Replacement:
    """The error and the cause that are given to StopExecution are kept."""

    def stop(self: Any) -> Any:
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        if execution.status == "RUNNING":
            # First, as whoever hears of the end is told both.
            execution.error = self._get_param("error")
            execution.cause = self._get_param("cause")
        return original(self)

    return stop


def client_for(_original: Original) -> Replacement:
    """A state machine calls other services with the rights of its role."""

    def client(region: str, service: str, state_credentials: Any = None) -> Any:  # noqa: ARG001 -- moto's signature
        services = current()
        role = getattr(state_credentials, "role_arn", None)
        credentials = services.identities.of_role(role, "states", "states.amazonaws.com") if role else None
        return services.client(service, credentials, validate=False)

    return client


def parse_once(original: Original) -> Replacement:
    """A definition is parsed once, and not for each execution of it: that took longer than all else of a short one."""
    trees: dict[str, Any] = {}

    def state_machine(self: Any) -> Any:
        definition = str(self.getInputStream().tokenSource.inputStream)
        if definition in trees:
            return trees[definition]
        tree = original(self)
        if not self.getNumberOfSyntaxErrors():
            trees[definition] = tree
        return tree

    return state_machine


def evaluate_jsonata(_original: Original) -> Replacement:
    """There is a frame for JSONata in moto, and no engine."""

    def evaluate(expression: str) -> Any:
        import jsonata
        from moto.stepfunctions.parser.asl.jsonata.jsonata import JSONataException

        try:
            return _plain(jsonata.Jsonata(expression).evaluate(None))
        except Exception as error:
            raise JSONataException("UNKNOWN", str(error)) from error

    return evaluate


def declare_variables(_original: Original) -> Replacement:
    """Variables are declared in JSON, so that a text with quotes or line ends stays one text."""

    def declare(bindings: dict[str, Any]) -> str:
        from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

        return "".join(f"{name}:={to_json_str(value)};" for name, value in bindings.items())

    return declare


def extract_json(_original: Original) -> Replacement:
    """A definite path answers its value; moto answers a list below an index, such as for `$.a[0].b`."""
    from moto.stepfunctions.parser.asl.utils import json_path

    # Parsing a path takes longer than all else that a small state does.
    parse = functools.lru_cache(maxsize=4096)(json_path.parse)

    def extract(path: str, data: Any) -> Any:
        found = [match.value for match in parse(path).find(data)]
        if INDEFINITE.search(path):
            return found
        if not found:
            raise json_path.NoSuchJsonPathError(json_path=path, data=data)
        return found[0]

    return extract


def run_map(original: Original) -> Replacement:
    """A distributed map with more failed items than it tolerates fails; in moto it succeeds with nulls."""

    def run(self: Any, env: Any, eval_input: Any) -> None:
        original(self, env, eval_input)
        counter = eval_input.map_run_record.item_counter
        failed = counter.failed.get() + counter.timed_out.get() + counter.aborted.get()
        total = counter.total.get()
        if too_many_failed(failed, total, eval_input.tolerated_failure_count, eval_input.tolerated_failure_percentage):
            env.stack.pop()
            raise _threshold_exceeded(env)

    return run


def too_many_failed(failed: int, total: int, tolerated: int, tolerated_percent: float) -> bool:
    """Whether a distributed map fails. A tolerance of nothing says nothing unless both are."""
    if not tolerated and not tolerated_percent:
        return failed > 0
    too_many = bool(tolerated) and failed > tolerated
    return too_many or (bool(tolerated_percent) and failed * 100 > tolerated_percent * total)


def _threshold_exceeded(env: Any) -> Exception:
    from moto.stepfunctions.parser.api import ExecutionFailedEventDetails, HistoryEventType
    from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
        FailureEvent,
        FailureEventException,
    )
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
    from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

    kind = StatesErrorNameType.StatesExceedToleratedFailureThreshold
    failed = ExecutionFailedEventDetails(
        error=kind.to_name(), cause="The specified tolerated failure threshold was exceeded"
    )
    event = FailureEvent(
        env=env,
        error_name=StatesErrorName(typ=kind),
        event_type=HistoryEventType.MapRunFailed,
        event_details=EventDetails(executionFailedEventDetails=failed),
    )
    exception: Exception = FailureEventException(event)
    return exception


def validate_definition(original: Original) -> Any:
    """A definition with a state that leads nowhere is refused."""

    def validate(definition: str) -> None:
        from moto.stepfunctions.parser.api import InvalidDefinition as NamelessInvalidDefinition

        from skyburst.local_cloud.service_errors import InvalidDefinition

        try:
            original(definition=definition)
        except NamelessInvalidDefinition as error:
            raise InvalidDefinition(f"Invalid State Machine Definition: {error.message}") from error
        wrong = "; ".join(problems(json.loads(definition)))
        if wrong:
            raise InvalidDefinition(f"Invalid State Machine Definition: {wrong}")

    return staticmethod(validate)


def problems(machine: dict[str, Any], where: str = "") -> Iterator[str]:
    """Why a state machine, or one within a state, cannot run: targets that do not exist, and states without an end."""
    states = machine.get("States", {})
    if machine.get("StartAt") not in states:
        yield f"MISSING_TRANSITION_TARGET: StartAt {machine.get('StartAt')!r} at {where or '/'}"
    for name, state in states.items():
        place = f"{where}/States/{name}"
        for target in _targets(state):
            if target not in states:
                yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {target} at {place}"
        ends = state.get("End") is True or "Next" in state
        if state["Type"] not in CAN_END and state["Type"] != "Choice" and not ends:
            yield f"MISSING_END_OR_NEXT: neither 'Next' nor 'End' at {place}"
        inner = [*state.get("Branches", []), state.get("ItemProcessor") or state.get("Iterator")]
        for one in filter(None, inner):
            yield from problems(one, place)


def _targets(state: dict[str, Any]) -> list[str]:
    targets = [state.get("Next"), state.get("Default")]
    targets += [choice.get("Next") for choice in state.get("Choices", [])]
    targets += [catcher.get("Next") for catcher in state.get("Catch", [])]
    return [target for target in targets if target is not None]


def stop_running() -> None:
    """Stop every execution that runs, so that none goes on in the next cloud of this process."""
    from moto.stepfunctions.parser.models import stepfunctions_parser_backends

    for of_account in list(stepfunctions_parser_backends.values()):
        for backend in list(of_account.values()):
            for execution in [one for machine in backend.state_machines for one in machine.executions]:
                if execution.status == "RUNNING":
                    execution.stop(stop_date=dt.datetime.now(tz=dt.UTC), error=None, cause=None)


def _plain(value: Any) -> Any:
    """A value of the JSONata engine as JSON has it: whole numbers are integers."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
