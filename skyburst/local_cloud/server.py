"""A cloud in this process: moto's server, made faithful enough to run a deployed template."""

from __future__ import annotations

import json
import logging
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyburst.homes.local.temporary import TemporaryFolder
from skyburst.local_cloud import running
from skyburst.local_cloud.batch.jobs import ENDED
from skyburst.local_cloud.batch.service import Batch
from skyburst.local_cloud.batch.service import Settings as BatchSettings
from skyburst.local_cloud.functions import Functions, Settings
from skyburst.local_cloud.keeping import PREFIX, Keeper, end_all
from skyburst.local_cloud.services import Services
from skyburst.local_cloud.state_machines import stop_running
from skyburst.local_cloud.web.service import Web

if TYPE_CHECKING:
    from collections import Counter

    from skyburst.local_cloud.authorization import Decision
    from skyburst.local_cloud.deploy import Deployed
    from skyburst.local_cloud.faults import Faults
    from skyburst.local_cloud.identities import Credentials
    from skyburst.local_cloud.web.user_pools import Mail

ACCOUNT = "123456789012"
LOOK_S = 0.05
PATIENCE_S = 300.0
"""For so long those who wait do so, unless they say otherwise."""


class LocalCloud:
    """A cloud that lives as long as a `with` block. There can be one in a process.

    with LocalCloud() as cloud:
        deployed = cloud.deploy("cdk.out", "MyStack")
        cloud.client("stepfunctions").start_execution(...)
    """

    def __init__(
        self, *, region: str = "us-east-1", port: int = 0, settings: Settings | None = None,
        batch_settings: BatchSettings | None = None,
    ) -> None:  # fmt: skip
        """Prepare a cloud, without starting it.

        Args:
            region: the only region that it has.
            port: of 127.0.0.1; 0 takes any that is free.
            settings: how functions run here where AWS would do it otherwise.
            batch_settings: likewise, of jobs of Batch.
        """
        self._port = port
        self._settings = settings or Settings()
        self._batch_settings = batch_settings or BatchSettings()
        self._region = region
        self._services: Services | None = None
        self._folder: TemporaryFolder | None = None
        self._keeper: Keeper | None = None
        self._server: Any = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> LocalCloud:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start an empty cloud. Raises LocalCloudBusy or WrongVersion."""
        from skyburst.local_cloud import patches

        patches.check()
        folder = TemporaryFolder(tempfile.gettempdir(), prefix=PREFIX, end=end_all)
        services = Services(ACCOUNT, self._region, Path(folder.path))
        try:
            running.claim(services)
        except BaseException:
            folder.remove()
            raise
        self._services, self._folder = services, folder
        try:
            self._keeper = Keeper(folder.path)
            patches.install()
            self._start(services)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End every process and forget everything."""
        services, self._services = self._services, None
        if services is None:
            return
        try:
            if services.has_functions:
                stop_running()
                services.batch.close()
                services.web.close()
                services.functions.close()
            if self._server is not None:
                self._server.shutdown()
                self._server.server_close()
            if self._thread is not None:
                self._thread.join()
        finally:
            self._server = self._thread = None
            keeper, self._keeper = self._keeper, None
            if keeper is not None:
                keeper.close()
            if self._folder is not None:
                self._folder.remove()
            running.release()

    @property
    def endpoint(self) -> str:
        """The address of all services, for `endpoint_url` of boto3 and `AWS_ENDPOINT_URL`."""
        return self._running.endpoint

    @property
    def region(self) -> str:
        """The region of this cloud."""
        return self._region

    @property
    def account(self) -> str:
        """The number of the account."""
        return ACCOUNT

    @property
    def faults(self) -> Faults:
        """What is to go wrong on purpose."""
        return self._running.faults

    @property
    def counts(self) -> Counter[str]:
        """How functions ran: `cold`, `warm`, `errors`, `throttled`, `events`, `retries`, `exhausted`, `dropped`,
        `undelivered`, and the invocations of each function by its name.
        """
        return self._running.functions.counts

    def client(self, service: str, credentials: Credentials | None = None) -> Any:
        """A boto3 client of the administrator, or of somebody else. It does not retry."""
        return self._running.client(service, credentials)

    def credentials_of(self, role_arn: str, service: str = "lambda.amazonaws.com") -> Credentials:
        """Temporary credentials of a role, as a service that it trusts gets them.

        Raises PermissionError when the role does not exist or does not trust the service.
        """
        return self._running.identities.of_role(role_arn, "local", service)

    def variables(self) -> dict[str, str]:
        """Environment variables with which another program is the administrator of this cloud."""
        return {
            **self._running.identities.administrator.variables(),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def decisions(self) -> list[Decision]:
        """What IAM decided so far, oldest first."""
        return list(self._running.decisions)

    def bootstrap(self) -> None:
        """Make what the `cdk` command expects in an account; `deploy` does it by itself."""
        from skyburst.local_cloud.deploy import bootstrap

        bootstrap(self._running)

    def deploy(self, assembly: Path | str, stack: str, parameters: dict[str, str] | None = None) -> Deployed:
        """Create or update a stack of a CDK cloud assembly. Raises DeployFailed, Invalid or InvalidTemplate."""
        from skyburst.local_cloud.deploy import deploy

        return deploy(self._running, Path(assembly), stack, parameters or {})

    def destroy(self, stack_name: str) -> None:
        """Delete a stack. Raises DeployFailed."""
        from skyburst.local_cloud.deploy import destroy

        destroy(self._running, stack_name)

    def wait_for_execution(self, execution_arn: str, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """Wait until an execution of a state machine has ended, and describe it. Raises TimeoutError."""
        states = self.client("stepfunctions")
        until = time.monotonic() + timeout_s
        while (found := states.describe_execution(executionArn=execution_arn))["status"] == "RUNNING":
            if time.monotonic() > until:
                raise TimeoutError(f"the execution {execution_arn} still runs after {timeout_s} s")
            time.sleep(LOOK_S)
        return dict(found)

    def count_history_events(self, execution_arn: str) -> int:
        """Events in the history of an execution. On AWS, a standard execution fails at `limits.HISTORY_EVENTS`."""
        states = self.client("stepfunctions")
        pages = states.get_paginator("get_execution_history").paginate(executionArn=execution_arn)
        return sum(len(page["events"]) for page in pages)

    def wait_for_events(self, timeout_s: float = PATIENCE_S) -> None:
        """Wait until all events that functions were sent are handled or given up. Raises TimeoutError."""
        if not self._running.functions.wait_until_idle(timeout_s):
            raise TimeoutError(f"functions still have events to handle after {timeout_s} s")

    def wait_for_job(self, job_id: str, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """Wait until a job of Batch has ended, and describe it. Raises TimeoutError."""
        client = self.client("batch")
        until = time.monotonic() + timeout_s
        while (found := client.describe_jobs(jobs=[job_id])["jobs"][0])["status"] not in ENDED:
            if time.monotonic() > until:
                raise TimeoutError(f"the job {job_id} is {found['status']} after {timeout_s} s")
            time.sleep(LOOK_S)
        return dict(found)

    def wait_for_jobs(self, timeout_s: float = PATIENCE_S) -> None:
        """Wait until all jobs of Batch have ended, their instances are gone and their events told. Raises TimeoutError."""
        if not self._running.batch.wait_until_idle(timeout_s):
            raise TimeoutError(f"jobs of Batch run, or their instances, after {timeout_s} s")

    def log_of(self, group: str, stream: str) -> list[str]:
        """What is in a log stream."""
        events = self.client("logs").get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
        return [event["message"] for event in events["events"]]

    def logs_of(self, function: str) -> list[str]:
        """Everything that a function logged, in the order of its log streams."""
        logs = self.client("logs")
        found = self.client("lambda").get_function_configuration(FunctionName=function)
        group = found.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{function}"
        return [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]

    def mails(self) -> list[Mail]:
        """What Cognito would have sent so far, oldest first."""
        return list(self._running.web.mails)

    def put_role(self, name: str, service: str, statements: list[dict[str, Any]]) -> str:
        """Make a role that a service may take on, with one policy; answers its ARN."""
        iam = self.client("iam")
        trust = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
        }
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        if statements:
            policy = {"Version": "2012-10-17", "Statement": statements}
            iam.put_role_policy(RoleName=name, PolicyName="policy", PolicyDocument=json.dumps(policy))
        return str(made["Role"]["Arn"])

    @property
    def _running(self) -> Services:
        if self._services is None:
            raise RuntimeError("the local cloud is not running; use it in a `with` block")
        return self._services

    def _start(self, services: Services) -> None:
        from moto.core.base_backend import BackendDict
        from moto.core.config import default_user_config
        from moto.core.model_instances import reset_model_data
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
        from werkzeug.serving import make_server

        from skyburst.local_cloud.edge import Edge
        from skyburst.local_cloud.identities import Identities

        BackendDict.reset()
        reset_model_data()
        default_user_config["stepfunctions"]["execute_state_machine"] = True
        default_user_config["iam"]["load_aws_managed_policies"] = True
        # moto reports every request, and every path of a state machine that finds nothing, as if it were news.
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        logging.getLogger("moto").setLevel(logging.CRITICAL)
        application = Edge(DomainDispatcherApplication(create_backend_app), services.faults)
        self._server = make_server(
            "127.0.0.1", self._port, application, threaded=True, request_handler=MotoRequestHandler
        )
        self._server.daemon_threads = True
        services.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        services.identities = Identities(ACCOUNT, self._region)
        services.batch = Batch(services, self._batch_settings)
        services.web = Web(services)
        services.functions = Functions(services, self._settings)
        self._thread = threading.Thread(target=self._server.serve_forever, name="local-cloud", daemon=True)
        self._thread.start()
