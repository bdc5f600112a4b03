"""Every place where moto is changed, and why. They are internals, so they are looked for before anything is changed."""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from skyburst.errors import WrongVersion
from skyburst.local_cloud import (
    authorization,
    drift,
    event_bus,
    functions,
    identities,
    sessions,
    state_machines,
    tables,
)
from skyburst.local_cloud.batch import answers, ecs
from skyburst.local_cloud.templates import stacks
from skyburst.local_cloud.web import user_pools

MOTO = "5.2.5"
PARSER = "moto.stepfunctions.parser"
SERVICE = f"{PARSER}.asl.component.state.exec.state_task.service"


@dataclass(frozen=True, slots=True)
class Patch:
    """One thing of moto, and what takes its place."""

    module: str
    name: str
    """Within the module, with dots: `Class.method`."""
    replace: Callable[[Any], Any]
    """From the original to the replacement."""
    everywhere: bool = False
    """Whether other modules of moto imported it by its name and must be changed as well."""
    added: bool = False
    """Whether moto has no such thing, and the class that it is in gets one."""


def _always(replacement: Callable[..., Any]) -> Callable[[Any], Any]:
    """Whatever the original is."""
    return lambda _: replacement


def _remembered(original: Callable[[Any, str | None], Any]) -> Callable[..., Any]:
    """The answer for a host, which is always the same."""

    @functools.lru_cache(maxsize=1024)
    def backend(application: Any, host: str | None) -> Any:
        return original(application, host)

    return backend


PATCHES = (
    # For each request moto lists its own folder and tries hundreds of patterns, one request at a time.
    Patch("moto.moto_server.werkzeug_app", "DomainDispatcherApplication.get_backend_for_host", _remembered),
    # Signatures and roles decide, with the ARNs of resources.
    Patch(
        "moto.core.authorization",
        "ActionAuthenticatorMixin._authenticate_and_authorize_action",
        lambda _: authorization.authorize,
    ),
    Patch(
        "moto.iam.access_control",
        "IAMPolicyStatement.is_action_permitted",
        lambda _: authorization.statement_permits,
    ),
    Patch("moto.iam.models", "IAMBackend._init_aws_policies", identities.managed_policies_of_aws),
    Patch("moto.sts.responses", "TokenResponse.assume_role", sessions.with_tags),
    # Functions run as processes instead of in Docker.
    Patch("moto.awslambda.models", "LambdaFunction.invoke", lambda _: functions.answer),
    # Zips have tens of megabytes, and many functions are of the same one.
    Patch("moto.awslambda.models", "_s3_content", functions.content_once),
    # Jobs of Batch run as processes instead of in Docker.
    *(
        Patch("moto.batch.responses", f"BatchResponse.{name}", _always(answer))
        for name, answer in answers.OPERATIONS.items()
    ),
    *(
        Patch("moto.ecs.responses", f"EC2ContainerServiceResponse.{name}", _always(answer))
        for name, answer in ecs.OPERATIONS.items()
    ),
    # One write to a table at a time.
    *(Patch("moto.dynamodb.models", f"DynamoDBBackend.{operation}", tables.atomic) for operation in tables.OPERATIONS),
    Patch("moto.dynamodb.models", "DynamoDBBackend.transact_write_items", tables.transaction),
    Patch("moto.dynamodb.models.table", "Table.__deepcopy__", tables.copy_for_rollback, added=True),
    Patch("moto.dynamodb.models.dynamo_type", "LimitedSizeDict.__setitem__", tables.set_attribute),
    # Rules have functions as targets.
    Patch("moto.events.models", "Rule.send_to_targets", event_bus.send_to_targets),
    # Templates are read by the project's own code, which ignores nothing.
    Patch("moto.cloudformation.models", "Stack._create_resource_map", lambda _: stacks.resources_of),
    Patch("moto.cloudformation.models", "Stack._create_output_map", lambda _: stacks.outputs_of),
    Patch("moto.cloudformation.models", "Stack.parse_template", lambda _: staticmethod(stacks.read_template)),
    Patch(
        "moto.cloudformation.models",
        "CloudFormationBackend.delete_change_set",
        lambda _: stacks.delete_change_set,
    ),
    Patch("moto.cloudformation.utils", "get_stack_from_s3_url", lambda _: stacks.template_at, everywhere=True),
    *(
        Patch(
            "moto.cloudformation.responses",
            f"CloudFormationResponse.{name}",
            _always(answer),
            added=True,
        )
        for name, answer in drift.OPERATIONS.items()
    ),
    # Passwords are proved, and users are known by all their names.
    Patch("moto.cognitoidp.models", "CognitoIdpBackend.initiate_auth", user_pools.initiate),
    Patch("moto.cognitoidp.models", "CognitoIdpBackend.respond_to_auth_challenge", user_pools.respond),
    Patch("moto.cognitoidp.models", "CognitoIdpBackend.admin_create_user", user_pools.create_user),
    Patch("moto.cognitoidp.models", "CognitoIdpUserPool._get_user", user_pools.get_user),
    Patch(
        "moto.cognitoidp.responses",
        "CognitoIdpResponse.get_tokens_from_refresh_token",
        _always(user_pools.tokens_from_refresh_token),
        added=True,
    ),
    Patch("moto.cognitoidp.responses", "CognitoIdpResponse.revoke_token", _always(user_pools.revoke_token), added=True),
    # What the Step Functions interpreter does otherwise than AWS.
    Patch(
        f"{SERVICE}.state_task_service", "StateTaskService._normalise_parameters", state_machines.normalise_parameters
    ),
    Patch(f"{SERVICE}.state_task_service", "StateTaskService._normalise_response", state_machines.normalise_response),
    Patch(f"{SERVICE}.state_task_service", "StateTaskService._to_boto_request_value", state_machines.to_request_value),
    Patch(f"{SERVICE}.state_task_service", "StateTaskService._to_boto_request", state_machines.to_request),
    Patch(f"{SERVICE}.state_task_service", "StateTaskService._before_eval_execution", state_machines.before_execution),
    Patch(
        f"{SERVICE}.state_task_service_lambda",
        "_SUPPORTED_API_PARAM_BINDINGS",
        state_machines.supported_lambda_parameters,
    ),
    Patch(
        f"{SERVICE}.state_task_service_aws_sdk",
        "StateTaskServiceAwsSdk._normalise_service_error_name",
        state_machines.service_error_name,
    ),
    Patch(
        f"{SERVICE}.state_task_service_callback",
        "StateTaskServiceCallback._wait_for_task_token_heartbeat",
        state_machines.wait_for_heartbeat,
    ),
    Patch(
        f"{PARSER}.asl.eval.callback.callback",
        "CallbackEndpoint.notify_heartbeat",
        state_machines.notify_heartbeat,
    ),
    Patch(
        f"{PARSER}.asl.component.common.error_name.error_equals_decl",
        "ErrorEqualsDecl._eval_body",
        state_machines.matches_error,
    ),
    Patch("moto.stepfunctions.responses", "StepFunctionResponse.send_task_failure", state_machines.send_task_failure),
    Patch(
        f"{PARSER}.backend.execution",
        "BaseExecutionWorkerCommunication._reflect_execution_status",
        state_machines.reflect_status,
    ),
    Patch("moto.stepfunctions.responses", "StepFunctionResponse.stop_execution", state_machines.stop_execution),
    Patch(f"{PARSER}.models", "StepFunctionsParserBackend.start_execution", state_machines.start_execution),
    Patch(f"{PARSER}.models", "StepFunctionsParserBackend._validate_definition", state_machines.validate_definition),
    Patch(f"{PARSER}.asl.antlr.runtime.ASLParser", "ASLParser.state_machine", state_machines.parse_once),
    Patch(f"{PARSER}.asl.utils.boto_client", "boto_client_for", state_machines.client_for, everywhere=True),
    Patch(f"{PARSER}.asl.utils.json_path", "extract_json", state_machines.extract_json, everywhere=True),
    Patch(f"{PARSER}.asl.jsonata.jsonata", "_eval_jsonata", state_machines.evaluate_jsonata),
    Patch(
        f"{PARSER}.asl.jsonata.jsonata",
        "encode_jsonata_variable_declarations",
        state_machines.declare_variables,
        everywhere=True,
    ),
    Patch(
        f"{PARSER}.asl.component.state.exec.state_map.iteration.distributed_iteration_component",
        "DistributedIterationComponent._map_run",
        state_machines.run_map,
    ),
)

_installed: list[str] = []


def check() -> None:
    """Raise WrongVersion when moto is missing, another version, or without something that is changed."""
    found = version_of_moto()
    missing = [f"{patch.module}.{patch.name}" for patch in PATCHES if not _exists(patch)]
    if missing:
        raise WrongVersion(
            f"the local cloud changes internals of moto {MOTO}, and moto {found} has no {', '.join(missing)}; "
            f"install moto=={MOTO}, as skyburst[cloud] does"
        )


def version_of_moto() -> str:
    """The installed version. Raises WrongVersion when there is none."""
    try:
        return importlib.metadata.version("moto")
    except importlib.metadata.PackageNotFoundError as error:
        raise WrongVersion("the local cloud needs moto, which is not installed; install skyburst[cloud]") from error


def install() -> None:
    """Change moto, once for each process. Raises WrongVersion when that cannot be done as it should."""
    if _installed:
        return
    check()
    importlib.import_module(f"{PARSER}.models")  # imports all who use the names that are changed everywhere
    for patch in PATCHES:
        owner, name = _owner(patch)
        original = None if patch.added else getattr(owner, name)
        replacement = patch.replace(original)
        setattr(owner, name, replacement)
        if patch.everywhere:
            _replace_everywhere(name, original, replacement)
        _installed.append(f"{patch.module}.{patch.name}")


def _owner(patch: Patch) -> tuple[Any, str]:
    owner: Any = importlib.import_module(patch.module)
    *path, name = patch.name.split(".")
    for part in path:
        owner = getattr(owner, part)
    return owner, name


def _exists(patch: Patch) -> bool:
    try:
        owner, name = _owner(patch)
    except (ImportError, AttributeError):
        return False
    return patch.added or hasattr(owner, name)


def _replace_everywhere(name: str, original: Any, replacement: Any) -> None:
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith("moto.") and vars(module).get(name) is original:
            setattr(module, name, replacement)
