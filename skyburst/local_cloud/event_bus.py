"""The default event bus: what moto's EventBridge and Step Functions do not tell each other, and functions as targets of rules.

Each function here that takes `original` makes the replacement of one thing of moto; `patches.py` says of which.
"""

from __future__ import annotations

import copy
import json
import logging
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from skyburst.local_cloud.functions import Throttled
from skyburst.local_cloud.running import current

log = logging.getLogger(__name__)

EXECUTION_CHANGE = "Step Functions Execution Status Change"
THROTTLED_S = 0.1
Original = Any
Replacement = Callable[..., Any]


def send_to_targets(original: Original) -> Replacement:
    """Functions are targets of rules too."""

    def send(self: Any, original_event: Any, transform_input: bool = True) -> None:
        if (
            not self.event_pattern.dump()
        ):  # a rule with a schedule only, which moto takes for one that wants every event
            return
        functions = [target for target in self.targets if ":lambda:" in target["Arn"]]
        if functions and self.event_pattern.matches_event(original_event):
            for target in functions:
                _invoke(self, target, original_event)
        others = copy.copy(self)
        others.targets = [target for target in self.targets if target not in functions]
        original(others, original_event, transform_input)

    return send


def tell(source: str, detail_type: str, resources: list[str], detail: dict[str, Any]) -> None:
    """Tell the default bus something in the name of a service of AWS."""
    from moto.events.models import events_backends

    services = current()
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": services.account,
        "time": time.time(),
        "region": services.region,
        "resources": resources,
        "detail": detail,
        "ingestion-time": time.time(),
    }
    backend = events_backends[services.account][services.region]
    for rule in list(backend.describe_event_bus("default").rules.values()):
        try:
            rule.send_to_targets(copy.deepcopy(event))
        except Exception:
            # What happened has happened, whatever becomes of the news.
            log.exception("the rule %s could not be told of %s", rule.name, resources)


def tell_of_execution(execution: Any) -> None:
    """Tell the default bus the status of an execution of Step Functions."""
    status = execution.exec_status.value
    detail = {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine.arn,
        "name": execution.name,
        "status": status,
        "startDate": _milliseconds(execution.start_date),
        "stopDate": _milliseconds(execution.stop_date),
        "input": json.dumps(execution.input_data),
        "inputDetails": {"included": True},
        "output": execution.output if status == "SUCCEEDED" else None,
        "error": execution.error,
        "cause": execution.cause,
    }
    tell("aws.states", EXECUTION_CHANGE, [execution.exec_arn], detail)


def _invoke(rule: Any, target: dict[str, Any], event: Any) -> None:
    """Hand an event to a function, if the function's policy lets the rule."""
    from moto.awslambda.models import lambda_backends

    services = current()
    function = lambda_backends[rule.account_id][rule.region_name].get_function(target["Arn"])
    if rule.arn not in set(_invited(function)):
        log.warning("the rule %s may not invoke %s: it needs a Lambda permission", rule.arn, function.function_name)
        return
    payload = _payload(target, event).encode()
    while True:
        try:
            services.functions.send(function, payload)
        except Throttled:
            time.sleep(THROTTLED_S)
        else:
            return


def _invited(function: Any) -> Iterator[str]:
    """ARNs of the rules that a function's policy names."""
    for statement in function.policy.statements:
        if statement.get("Principal") == {"Service": "events.amazonaws.com"}:
            yield from (arn for test in statement.get("Condition", {}).values() for arn in test.values())


def _payload(target: dict[str, Any], event: Any) -> str:
    """What a target gets: what it says itself, what it makes of the event, or the event."""
    if "Input" in target:
        return str(target["Input"])
    if "InputTransformer" in target:
        from moto.events.utils import EventTemplateParser

        how = target["InputTransformer"]
        made = EventTemplateParser.parse(how["InputTemplate"], how.get("InputPathsMap", {}), event)
        return json.dumps(made)
    moment = datetime.fromtimestamp(event["time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    whole = {name: value for name, value in event.items() if name != "ingestion-time"}
    return json.dumps({**whole, "time": moment})


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(1_000 * moment.timestamp())
