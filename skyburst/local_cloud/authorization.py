"""Who may do what: moto checks the signature of a request, and this decides by the policies of whoever signed it.

moto itself asks for every action on resource `*` in most services, which denies whatever least privilege allows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

from skyburst.local_cloud.identities import trusts_principal
from skyburst.local_cloud.permissions import Verdict, evaluate, matches
from skyburst.local_cloud.requests import XML_SERVICES, Refusal
from skyburst.local_cloud.sessions import asked_tags, principal_context
from skyburst.local_cloud.web.user_pools import OPERATIONS_WITHOUT_KEYS

ACTION_PREFIX = {"monitoring": "cloudwatch"}
"""Where IAM names a service otherwise than signatures do."""
FORBIDDEN = frozenset({"lambda", "s3", "iam", "sts", "sns", "cloudformation", "ec2"})
"""Services that answer 403; the others answer 400."""
FUNCTION_PATH = re.compile(r"/functions/([^/]+)")
BATCH_OPERATIONS = {
    name.lower(): name for name in ("SubmitJob", "TerminateJob", "CancelJob", "DescribeJobs", "ListJobs")
}
"""Moto names operations of Batch as their paths do."""
ENDING_JOBS = ("TerminateJob", "CancelJob")
DELETED_KEY = re.compile(rb"<Key>(.*?)</Key>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Need:
    """What a request needs to be allowed."""

    action: str
    """Such as `dynamodb:PutItem`."""
    resource: str
    """An ARN, or `*` when the service has no resource in the request."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision."""

    principal: str
    """The ARN of who asked."""
    action: str
    resource: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Asked:
    """The parts of a request that say what it is about."""

    operation: str
    region: str
    account: str
    path: str
    body: bytes
    query: dict[str, Any]
    headers: Any

    def arn(self, service: str, rest: str) -> str:
        """An ARN of this account, unless it is one already."""
        return rest if rest.startswith("arn:") else f"arn:aws:{service}:{self.region}:{self.account}:{rest}"

    def json(self) -> dict[str, Any]:
        """The body of a request in JSON, or nothing."""
        try:
            document = json.loads(self.body) if self.body else {}
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}

    def parameter(self, name: str) -> str | None:
        """A parameter of the query or of a form, or of a body in JSON."""
        values = self.query.get(name)
        value = values[0] if isinstance(values, list) else values
        return value or self.json().get(name)


def needs(service: str, asked: Asked) -> list[Need]:
    """What a request needs; a service that is not known here needs its action on `*`."""
    if service in NEEDS:
        return NEEDS[service](asked)
    return [Need(f"{ACTION_PREFIX.get(service, service)}:{asked.operation}", "*")]


def _of_dynamodb(asked: Asked) -> list[Need]:
    body, operation = asked.json(), asked.operation

    def on(table: str, action: str = operation) -> Need:
        return Need(
            f"dynamodb:{action}", asked.arn("dynamodb", table if table.startswith("arn:") else f"table/{table}")
        )

    if operation == "TransactWriteItems":
        actions = {
            "Put": "PutItem",
            "Update": "UpdateItem",
            "Delete": "DeleteItem",
            "ConditionCheck": "ConditionCheckItem",
        }
        return [on(what["TableName"], actions[kind]) for item in body["TransactItems"] for kind, what in item.items()]
    if operation == "TransactGetItems":
        return [on(item["Get"]["TableName"], "GetItem") for item in body["TransactItems"]]
    if operation in ("BatchGetItem", "BatchWriteItem"):
        return [on(table) for table in body["RequestItems"]]
    if body.get("IndexName"):
        return [on(f"{on(body['TableName']).resource}/index/{body['IndexName']}")]
    if body.get("TableName"):
        return [on(body["TableName"])]
    return [Need(f"dynamodb:{operation}", body.get("ResourceArn", "*"))]


def _of_lambda(asked: Asked) -> list[Need]:
    action = {"Invoke": "InvokeFunction", "InvokeAsync": "InvokeFunction"}.get(asked.operation, asked.operation)
    found = FUNCTION_PATH.search(asked.path)
    if not found:
        return [Need(f"lambda:{action}", "*")]
    name = unquote(found[1])
    arn = asked.arn("lambda", name if name.startswith("arn:") else f"function:{name}")
    qualifier = asked.parameter("Qualifier")
    if qualifier and arn.count(":") == 6:
        arn = f"{arn}:{qualifier}"
    return [Need(f"lambda:{action}", arn)]


def _of_states(asked: Asked) -> list[Need]:
    body = asked.json()
    named = (body.get(name) for name in ("stateMachineArn", "executionArn", "mapRunArn", "activityArn", "resourceArn"))
    return [Need(f"states:{asked.operation}", next(filter(None, named), "*"))]


def _of_sqs(asked: Asked) -> list[Need]:
    url = asked.parameter("QueueUrl")
    name = url.rpartition("/")[2] if url else asked.parameter("QueueName")
    return [Need(f"sqs:{asked.operation}", asked.arn("sqs", name) if name else "*")]


def _of_sns(asked: Asked) -> list[Need]:
    return [Need(f"sns:{asked.operation}", asked.parameter("TopicArn") or asked.parameter("TargetArn") or "*")]


def _of_events(asked: Asked) -> list[Need]:
    if asked.operation == "PutEvents":
        buses = (entry.get("EventBusName") or "default" for entry in asked.json().get("Entries", []))
        return [
            Need("events:PutEvents", asked.arn("events", bus if bus.startswith("arn:") else f"event-bus/{bus}"))
            for bus in buses
        ]
    rule = asked.json().get("Rule") or asked.json().get("Name")
    return [Need(f"events:{asked.operation}", asked.arn("events", f"rule/{rule}") if rule else "*")]


def _of_ssm(asked: Asked) -> list[Need]:
    body = asked.json()
    names = body.get("Names") or ([body["Name"]] if body.get("Name") else [body["Path"]] if body.get("Path") else [])
    return [Need(f"ssm:{asked.operation}", asked.arn("ssm", f"parameter/{name.lstrip('/')}")) for name in names] or [
        Need(f"ssm:{asked.operation}", "*")
    ]


def _of_logs(asked: Asked) -> list[Need]:
    body = asked.json()
    group = body.get("logGroupName") or (body.get("logGroupIdentifier") or "").partition("log-group:")[2]
    if not group:
        return [Need(f"logs:{asked.operation}", "*")]
    stream = f":log-stream:{body['logStreamName']}" if body.get("logStreamName") else ":*"
    return [Need(f"logs:{asked.operation}", asked.arn("logs", f"log-group:{group}{stream}"))]


def _of_batch(asked: Asked) -> list[Need]:
    body = asked.json()
    operation = BATCH_OPERATIONS.get(asked.operation, asked.operation)
    if operation in ENDING_JOBS:
        job = str(body.get("jobId", ""))
        return [Need(f"batch:{operation}", job if job.startswith("arn:") else asked.arn("batch", f"job/{job}"))]
    if operation != "SubmitJob":
        return [Need(f"batch:{operation}", "*")]
    kinds = {"jobDefinition": "job-definition", "jobQueue": "job-queue"}
    wanted = [
        Need("batch:SubmitJob", given if given.startswith("arn:") else asked.arn("batch", f"{kind}/{given}"))
        for name, kind in kinds.items()
        if (given := str(body.get(name, "")))
    ]
    # The job has no id yet.
    return [*wanted, Need("batch:TagResource", asked.arn("batch", "job/*"))] if body.get("tags") else wanted


def _of_ecs(asked: Asked) -> list[Need]:
    """Those of tasks and container instances that are named; others have no resource here."""
    cluster = _cluster(asked).rpartition("/")[2]
    named = {
        "DescribeTasks": ("tasks", "task"),
        "DescribeContainerInstances": ("containerInstances", "container-instance"),
    }
    field, kind = named.get(asked.operation, ("", ""))
    names = asked.json().get(field) or []
    return [
        Need(
            f"ecs:{asked.operation}", asked.arn("ecs", name if name.startswith("arn:") else f"{kind}/{cluster}/{name}")
        )
        for name in map(str, names)
    ] or [Need(f"ecs:{asked.operation}", "*")]


def _cluster(asked: Asked) -> str:
    """ARN of the cluster of ECS that a request names."""
    name = str(asked.json().get("cluster") or "default")
    return asked.arn("ecs", name if name.startswith("arn:") else f"cluster/{name}")


def _of_ec2(asked: Asked) -> list[Need]:
    """Those of instances that are named; others have no resource here."""
    instances = [values[0] for name, values in asked.query.items() if name.startswith("InstanceId.") and values]
    if asked.operation.startswith("Describe") or not instances:
        return [Need(f"ec2:{asked.operation}", "*")]
    return [Need(f"ec2:{asked.operation}", asked.arn("ec2", f"instance/{instance}")) for instance in instances]


def _of_secretsmanager(asked: Asked) -> list[Need]:
    """A secret of which only the name is given has six characters behind it that nobody knows here."""
    secret = asked.json().get("SecretId")
    arn = (
        asked.arn("secretsmanager", secret if secret.startswith("arn:") else f"secret:{secret}-??????")
        if secret
        else "*"
    )
    return [Need(f"secretsmanager:{asked.operation}", arn)]


def _of_ses(asked: Asked) -> list[Need]:
    """Mail is sent in the name of an identity; a message that is complete needs a right of its own."""
    body = asked.json()
    sender = body.get("FromEmailAddress")
    if asked.operation != "SendEmail" or not sender:
        return [Need(f"ses:{asked.operation}", "*")]
    identity = asked.arn("ses", f"identity/{sender}")
    actions = ["SendEmail", *(["SendRawEmail"] if "Raw" in body.get("Content", {}) else [])]
    return [Need(f"ses:{action}", identity) for action in actions]


def _of_kms(asked: Asked) -> list[Need]:
    key = asked.json().get("KeyId")
    if not key:
        return [Need(f"kms:{asked.operation}", "*")]
    return [Need(f"kms:{asked.operation}", asked.arn("kms", key if key.startswith("arn:") else f"key/{key}"))]


def _of_cloudformation(asked: Asked) -> list[Need]:
    """Of the id behind a stack's name a policy says nothing."""
    stack = asked.parameter("StackName")
    if not stack:
        return [Need(f"cloudformation:{asked.operation}", "*")]
    arn = asked.arn("cloudformation", stack if stack.startswith("arn:") else f"stack/{stack}/*")
    return [Need(f"cloudformation:{asked.operation}", arn)]


def _of_sts(asked: Asked) -> list[Need]:
    return [Need(f"sts:{asked.operation}", asked.parameter("RoleArn") or "*")]


NEEDS: dict[str, Callable[[Asked], list[Need]]] = {
    "dynamodb": _of_dynamodb,
    "lambda": _of_lambda,
    "states": _of_states,
    "sqs": _of_sqs,
    "sns": _of_sns,
    "events": _of_events,
    "ssm": _of_ssm,
    "logs": _of_logs,
    "batch": _of_batch,
    "ec2": _of_ec2,
    "ecs": _of_ecs,
    "kms": _of_kms,
    "secretsmanager": _of_secretsmanager,
    "ses": _of_ses,
    "cloudformation": _of_cloudformation,
    "sts": _of_sts,
}


def needs_of_s3(operation: str, resource: str, headers: Any, body: bytes) -> list[Need]:
    """What an S3 request needs, with the source of a copy and each key of a batch of deletes, which moto leaves out."""
    if operation == "DeleteObjects" or (operation == "DeleteObject" and b"<Delete" in body):
        keys = [key.decode() for key in DELETED_KEY.findall(body)]
        return [Need("s3:DeleteObject", f"{resource}/{key}") for key in keys]
    wanted = [Need(f"s3:{operation}", resource)]
    source = headers.get("x-amz-copy-source")
    if source:
        wanted.append(Need("s3:GetObject", f"arn:aws:s3:::{unquote(source).lstrip('/').partition('?')[0]}"))
    return wanted


def authorize(self: Any, iam_request_class: Any, resource: str = "*") -> None:
    """Decide about one request of moto, in place of its own method; raises when it is denied."""
    from moto.iam.access_control import CreateAccessKeyFailure, S3IAMRequest, create_access_key
    from moto.s3.exceptions import S3AccessDeniedError

    if self.headers.get("X-Amz-Target") in OPERATIONS_WITHOUT_KEYS:
        return
    operation = self._get_action()
    operation = operation[0] if isinstance(operation, list) else operation
    is_s3 = iam_request_class is S3IAMRequest
    if "Authorization" in self.headers:
        parsed = urlparse(self.uri)
        path = f"{self.raw_path}?{parsed.query}" if parsed.query else self.raw_path
        request = iam_request_class(
            account_id=self.current_account, method=self.method, path=path, data=self.data, body=self.raw_body,
            headers=self.headers, action=operation,
        )  # fmt: skip
        # Of a call without a body, moto would sign its own dictionary of parameters.
        if not request._body and not (self.headers.get("Content-Type") or "").startswith("application/x-www-form"):
            request._data = b""
        request.check_signature()
        key, service, region = request._access_key, request._service, request._region
    else:
        query = {name.lower(): value[0] for name, value in (self.querystring or {}).items()}
        scope = (query.get("x-amz-credential") or query.get("awsaccesskeyid") or "").split("/")
        if not scope[0] or not is_s3:
            if is_s3:
                raise S3AccessDeniedError
            raise refused("", Refusal(403, "MissingAuthenticationToken", "Missing Authentication Token"))
        token = query.get("x-amz-security-token")
        headers = {"X-Amz-Security-Token": token} if token else {}
        try:
            key = create_access_key(self.current_account, "aws", scope[0], headers)
        except CreateAccessKeyFailure as error:
            raise S3AccessDeniedError from error
        service, region = "s3", self.region
    if f"{service}:{operation}" == "sts:GetCallerIdentity":
        return
    asked = Asked(
        operation=operation,
        region=region,
        account=self.current_account,
        path=self.path,
        body=_bytes(self.raw_body),
        query={**_form(self), **(self.querystring or {})},
        headers=self.headers,
    )
    context = {**context_of(service, asked), **principal_context(key, self.current_account)}
    if service == "sts" and operation == "AssumeRole":
        check_trust(key.arn, asked, context)
    wanted = needs_of_s3(operation, resource, self.headers, asked.body) if is_s3 else needs(service, asked)
    decide(key, service, wanted, context, self.data)


def _form(request: Any) -> dict[str, list[str]]:
    """The parameters in the body of a call that has them there; what is stored in S3 is not taken for that."""
    if not (request.headers.get("Content-Type") or "").startswith("application/x-www-form"):
        return {}
    return parse_qs(_bytes(request.raw_body).decode("latin-1"))


def check_trust(principal: str, asked: Asked, context: dict[str, Any]) -> None:
    """Raise unless the role that is asked for exists and trusts who asks, as it is asked; moto gives out any role."""
    from moto.iam.exceptions import NotFoundException
    from moto.iam.models import iam_backends

    role_arn = asked.parameter("RoleArn") or ""
    try:
        trust = iam_backends[asked.account]["aws"].get_role_by_arn(role_arn).assume_role_policy_document
    except NotFoundException:
        trust = {"Statement": []}
    document = json.loads(trust) if isinstance(trust, str) else trust
    actions = ["sts:AssumeRole", *(["sts:TagSession"] if asked_tags(asked.query) else [])]
    if not all(trusts_principal(document, principal, asked.account, action, context) for action in actions):
        message = f"User: {principal} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
        raise refused("sts", Refusal(403, "AccessDenied", message))


def decide(key: Any, service: str, wanted: list[Need], context: dict[str, Any], data: Any) -> None:
    """Write down what the policies of a key say of each need; raises at the first that is not allowed."""
    from moto.iam.access_control import IAMPolicy
    from moto.iam.exceptions import NotFoundException
    from moto.s3.exceptions import BucketAccessDeniedError, S3AccessDeniedError

    from skyburst.local_cloud.running import current

    try:
        documents = [IAMPolicy(policy)._policy_json for policy in key.collect_policies()]
    except NotFoundException:
        documents = []  # the role was deleted, and its credentials outlive it
    for need in wanted:
        verdict = evaluate(documents, need.action, need.resource, context)
        current().decisions.append(Decision(key.arn, need.action, need.resource, verdict))
        if verdict == "allowed":
            continue
        if service == "s3":
            raise BucketAccessDeniedError(bucket=data["BucketName"]) if "BucketName" in data else S3AccessDeniedError()
        why = (
            f"no identity-based policy allows the {need.action} action"
            if verdict == "implicitDeny"
            else "of an explicit deny in an identity-based policy"
        )
        message = (
            f"User: {key.arn} is not authorized to perform: {need.action} on resource: {need.resource} because {why}"
        )
        code = "AccessDenied" if service in XML_SERVICES else "AccessDeniedException"
        raise refused(service, Refusal(403 if service in FORBIDDEN else 400, code, message))


def context_of(service: str, asked: Asked) -> dict[str, Any]:
    """Condition keys of a request, in lower case, but for those that tell who asks."""
    context: dict[str, Any] = {
        "aws:securetransport": True,
        "aws:principalaccount": asked.account,
        "aws:sourceaccount": asked.account,
        "aws:resourceaccount": asked.account,
        "aws:requestedregion": asked.region,
    }
    if service == "dynamodb":
        keys = asked.json().get("Key") or asked.json().get("Item") or {}
        context["dynamodb:leadingkeys"] = [next(iter(value.values())) for value in list(keys.values())[:1]]
    if service == "events" and asked.operation == "PutEvents":
        entries = asked.json().get("Entries", [])
        context["events:source"] = [entry.get("Source", "") for entry in entries]
        context["events:detail-type"] = [entry.get("DetailType", "") for entry in entries]
    if service == "sts" and (tags := asked_tags(asked.query)):
        context["aws:tagkeys"] = list(tags)
        context |= {f"aws:requesttag/{name}".lower(): value for name, value in tags.items()}
    if service == "ses" and (sender := asked.json().get("FromEmailAddress")):
        context["ses:fromaddress"] = sender
    if service == "s3" and asked.query.get("prefix"):
        context["s3:prefix"] = asked.query["prefix"][0]
    if service == "ecs":
        context["ecs:cluster"] = _cluster(asked)
    if service == "ec2":
        context |= _tags_of_instances(asked)
    if service == "batch" and BATCH_OPERATIONS.get(asked.operation, asked.operation) in ENDING_JOBS:
        context |= _tags_of_job(asked)
    return context


def _tags_of_job(asked: Asked) -> dict[str, str]:
    """Tags of the job of Batch that is to be ended."""
    from skyburst.local_cloud.running import current

    tags = current().batch.tags_of(str(asked.json().get("jobId", "")))
    return {f"aws:resourcetag/{name}".lower(): value for name, value in tags.items()}


def _tags_of_instances(asked: Asked) -> dict[str, str]:
    """Tags that all instances of a request have."""
    from moto.ec2.models import ec2_backends

    backend = ec2_backends[asked.account][asked.region]
    names = [values[0] for name, values in asked.query.items() if name.startswith("InstanceId.") and values]
    found = [backend.get_instance_by_id(name) for name in names]
    tags = [{tag["key"]: tag["value"] for tag in one.get_tags()} if one else {} for one in found]
    shared = set.intersection(*(set(one.items()) for one in tags)) if tags else set()
    return {f"ec2:resourcetag/{name}".lower(): value for name, value in shared}


def refused(service: str, refusal: Refusal) -> Exception:
    """A refusal as the exception that moto answers with."""
    from werkzeug.exceptions import HTTPException

    error: Any = HTTPException(description=refusal.body(service).decode())
    error.code = refusal.status
    error.get_body = lambda *_args, **_kwargs: error.description
    refused_with: Exception = error
    return refused_with


def statement_permits(
    self: Any,
    action: str,
    resource: str = "*",
    principal: str | None = None,
    incoming_condition_values: dict[str, Any] | None = None,
) -> Any:
    """What a statement of a bucket policy says, in place of moto's, for which a condition it cannot check denies."""
    from moto.iam.access_control import PermissionResult

    statement = self._statement
    if principal and statement.get("Principal") and not self._check_principal(principal):
        return PermissionResult.NEUTRAL
    context = {name.lower(): value for name, value in (incoming_condition_values or {}).items()}
    if not matches(statement, action, resource, {"aws:securetransport": True, **context}):
        return PermissionResult.NEUTRAL
    return PermissionResult.PERMITTED if statement["Effect"] == "Allow" else PermissionResult.DENIED


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else bytes(body or b"")
