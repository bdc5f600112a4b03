"""What a client reaches of a deployment, with the credentials of whoever runs it: the names of its stack, and clients."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from skyburst.errors import AwsUnavailable, NotDeployed
from skyburst.objects import CREDENTIALS

if TYPE_CHECKING:
    from obstore.store import ClientConfig

    from skyburst.homes.aws.budgets_table import DynamoBudgets
    from skyburst.homes.aws.task_table import DynamoTaskTable
    from skyburst.objects import ObjectStore

PREFIX_VARIABLE = "SKYBURST_PREFIX"
DEFAULT_PREFIX = "skyburst"
OUTPUTS = ("Bucket", "Batches", "Jobs", "JobMachine")
BUDGETS = "Budgets"
"""Output that deployments of earlier versions lack."""
SUBMISSIONS = "Submissions"
"""End of the outputs that name buckets of submissions."""
REFUSED = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidClientTokenId", "SignatureDoesNotMatch",
     "UnrecognizedClientException"}
)  # fmt: skip
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


class Account:
    """One deployment in an account and region. Everything is looked up when it is first used."""

    def __init__(self, prefix: str | None = None, region: str | None = None) -> None:
        self.prefix = prefix or os.environ.get(PREFIX_VARIABLE) or DEFAULT_PREFIX
        self._region = region

    @cached_property
    def session(self) -> Any:
        """The session of boto3, which finds credentials as every program for AWS does."""
        try:
            import boto3
        except ImportError as error:
            raise AwsUnavailable("home aws needs boto3: pip install 'skyburst[aws]'") from error
        with asking():
            # boto3 itself reads AWS_DEFAULT_REGION only; every other program for AWS reads AWS_REGION first.
            session: Any = boto3.session.Session(region_name=self._region or os.environ.get("AWS_REGION") or None)
            if not session.region_name:
                raise AwsUnavailable("no AWS region is set: set AWS_REGION, such as us-east-1, or that of the profile")
            if session.get_credentials() is None:
                raise AwsUnavailable(f"there are no AWS credentials: {CREDENTIALS}")
        return session

    @property
    def region(self) -> str:
        """The region's name."""
        return str(self.session.region_name)

    def client(self, service: str, connections: int = 10) -> Any:
        """A client of a service; what is throttled is tried again."""
        from botocore.config import Config

        config = Config(
            connect_timeout=5,
            read_timeout=60,
            max_pool_connections=connections,
            retries={"mode": "standard", "total_max_attempts": 8},
        )
        return self.session.client(service, config=config)

    @property
    def variables(self) -> dict[str, str]:
        """Environment variables with which another program has these credentials, for as long as they are valid."""
        with asking():
            frozen = self.session.get_credentials().get_frozen_credentials()
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        found = zip(names, (frozen.access_key, frozen.secret_key, frozen.token), strict=True)
        return {"AWS_REGION": self.region, **{name: value for name, value in found if value}}

    @cached_property
    def _stack(self) -> dict[str, Any]:
        """What CloudFormation says of the deployment."""
        from botocore.exceptions import ClientError

        with asking("find the deployment"):
            try:
                found = self.client("cloudformation").describe_stacks(StackName=self.prefix)
            except ClientError as error:
                if "does not exist" not in str(error):
                    raise
                raise NotDeployed(
                    f"nothing is deployed {self._where}: `skyburst deploy` deploys it; {PREFIX_VARIABLE} names another deployment"
                ) from error
        stack: dict[str, Any] = found["Stacks"][0]
        return stack

    @property
    def _where(self) -> str:
        return f"as {self.prefix!r} in region {self.region}"

    @property
    def status(self) -> str:
        """How the stack stands, in CloudFormation's words, such as `UPDATE_COMPLETE`. Raises NotDeployed."""
        return str(self._stack["StackStatus"])

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The names of what was deployed.

        Raises:
            NotDeployed: when there is no such stack.
        """
        found = {output["OutputKey"]: str(output["OutputValue"]) for output in self._stack.get("Outputs", [])}
        lacks = [name for name in OUTPUTS if name not in found]
        if lacks:
            raise NotDeployed(
                f"the stack {self._where} is {self.status} and has no {', '.join(lacks)}: `skyburst deploy` completes it"
            )
        return found

    @property
    def bucket(self) -> str:
        """Name of the bucket."""
        return self.outputs["Bucket"]

    @property
    def submission_buckets(self) -> list[str]:
        """Names of the buckets of submissions, of which each analysis that has them has one."""
        return [value for name, value in self.outputs.items() if name.endswith(SUBMISSIONS)]

    @property
    def machine(self) -> str:
        """ARN of the state machine that takes jobs through their life."""
        return self.outputs["JobMachine"]

    @cached_property
    def table(self) -> DynamoTaskTable:
        """The task table."""
        from skyburst.homes.aws.calls import THREADS
        from skyburst.homes.aws.task_table import DynamoTaskTable

        return DynamoTaskTable(self.client("dynamodb", THREADS), self.outputs["Batches"], self.outputs["Jobs"])

    @cached_property
    def budgets(self) -> DynamoBudgets:
        """The budgets.

        Raises:
            NotDeployed: when the deployment has no table of them, because an earlier version deployed it.
        """
        from skyburst.homes.aws.budgets_table import DynamoBudgets
        from skyburst.homes.aws.calls import THREADS

        if BUDGETS not in self.outputs:
            raise NotDeployed(f"the deployment {self._where} has no table of budgets: `skyburst deploy` adds it")
        return DynamoBudgets(self.client("dynamodb", THREADS), self.outputs[BUDGETS])

    @property
    def has_budgets(self) -> bool:
        """Whether the deployment has a table of budgets."""
        return BUDGETS in self.outputs

    @cached_property
    def objects(self) -> ObjectStore:
        """The object store, with the same credentials as all else: profiles and single sign-on included."""
        from obstore.auth.boto3 import Boto3CredentialProvider
        from obstore.store import S3Store

        from skyburst.objects import ObjectStore

        options: ClientConfig = {}
        if os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://"):  # a cloud on this machine
            options["allow_http"] = True
        provider = Boto3CredentialProvider(self.session)
        store = S3Store(self.bucket, region=self.region, credential_provider=provider, client_options=options or None)
        return ObjectStore(store, f"s3://{self.bucket}")

    @cached_property
    def states(self) -> Any:
        """The client of Step Functions."""
        return self.client("stepfunctions")

    @cached_property
    def logs(self) -> Any:
        """The client of CloudWatch Logs."""
        return self.client("logs")


@contextmanager
def asking(to: str = "") -> Iterator[None]:
    """Have errors of AWS name the remedy.

    Raises:
        AwsUnavailable: when AWS cannot be asked, or refuses.
    """
    from botocore import exceptions

    wanted = f"to {to}: " if to else ""
    try:
        yield
    except (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.CredentialRetrievalError,
    ) as error:
        raise AwsUnavailable(f"{wanted}there are no AWS credentials: {CREDENTIALS} ({error})") from error
    except (exceptions.SSOError, exceptions.TokenRetrievalError) as error:
        raise AwsUnavailable(f"{wanted}the AWS session is over: `aws sso login` begins another ({error})") from error
    except exceptions.ProfileNotFound as error:
        raise AwsUnavailable(f"{error}: {CREDENTIALS}") from error
    except exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        if code in REFUSED:
            raise AwsUnavailable(f"{wanted}AWS does not accept these credentials ({error}): {CREDENTIALS}") from error
        if code in DENIED:
            raise AwsUnavailable(
                f"{wanted}these credentials may not do that: whoever looks after the account has to allow it. AWS says: {error}"
            ) from error
        raise AwsUnavailable(f"{wanted}AWS says: {error}") from error
    except exceptions.BotoCoreError as error:
        raise AwsUnavailable(f"{wanted}AWS cannot be reached: {error}") from error
