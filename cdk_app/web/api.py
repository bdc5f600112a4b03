"""The HTTP API in front of its function: a token of the pool of users is wanted for each request."""

from __future__ import annotations

import json
from collections.abc import Iterator

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_app.bundle import Contents
from cdk_app.engine import Engine
from cdk_app.functions import RETENTIONS, Factory
from cdk_app.settings import Web
from cdk_app.web.users import Users
from skyburst.homes.aws.schema import NEWEST

MEMORY_MB = 1_024
ANSWER_S = 29
"""API Gateway gives up after 30."""
RATE, BURST = 100, 200
"""Requests in a second, and at once, of everybody together."""
UPLOADS = "uploads/web"
LOG_FIELDS = {
    "at": "$context.requestTime", "request": "$context.requestId", "method": "$context.httpMethod", "path": "$context.path",
    "status": "$context.status", "ms": "$context.responseLatency", "bytes": "$context.responseLength",
    "user": "$context.authorizer.claims.sub", "error": "$context.error.message",
    "refused": "$context.authorizer.error", "function": "$context.integrationErrorMessage",
}  # fmt: skip


class Api(Construct):
    """One route for all paths under /api, and the function that answers."""

    def __init__(
        self, scope: Construct, name: str, *, factory: Factory, engine: Engine, users: Users, table: dynamodb.Table,
        combiners: list[str], settings: Web, log_days: int,
    ) -> None:  # fmt: skip
        super().__init__(scope, name)
        prefix, bucket = factory.prefix, factory.storage.bucket
        self.function = factory.function(
            self, "Answer", f"{prefix}-api", Contents(documents={"registry.json": engine.registry}, web=True),
            handler="web.api.handler.handler", memory_mb=MEMORY_MB, timeout_s=ANSWER_S,
            statements=[*_rights(factory, table), *factory.invokes(*combiners)],
            environment={
                "SKYBURST_EXECUTIONS": factory.executions(f"{prefix}-jobs"), "SKYBURST_WEB": table.table_name,
                "SKYBURST_LIBRARIES": " ".join(settings.libraries or [f"s3://{bucket.bucket_name}/libraries"]),
                "SKYBURST_UPLOAD_BYTES": str(settings.upload_bytes),
                "SKYBURST_JOBS_PER_DAY": str(settings.jobs_per_day),
                "SKYBURST_CONCURRENT_JOBS": str(settings.concurrent_jobs), **factory.purse, **factory.topics,
            },
        )  # fmt: skip
        self.api = apigateway.HttpApi(
            self, "Http", api_name=prefix, description="Skyburst: the API of its page", create_default_stage=False
        )
        pool = f"https://cognito-idp.{cdk.Aws.REGION}.{cdk.Aws.URL_SUFFIX}/{users.pool.user_pool_id}"
        self.api.add_routes(
            path="/api/{proxy+}", methods=[apigateway.HttpMethod.ANY],
            integration=integrations.HttpLambdaIntegration("Answers", self.function),
            authorizer=authorizers.HttpJwtAuthorizer(
                "SignedIn", pool, jwt_audience=[users.client.user_pool_client_id]
            ),
        )  # fmt: skip
        # Under this name, a log needs no place in the account's only policy of logs, which is soon full.
        self.log = logs.LogGroup(
            self, "Requests", log_group_name=f"/aws/vendedlogs/apis/{prefix}", retention=RETENTIONS[log_days],
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )  # fmt: skip
        self.stage = apigateway.HttpStage(
            self, "Stage", http_api=self.api, stage_name="$default", auto_deploy=True,
            throttle=apigateway.ThrottleSettings(rate_limit=RATE, burst_limit=BURST),
        )  # fmt: skip
        stage = self.stage.node.default_child
        assert isinstance(stage, apigateway.CfnStage)
        stage.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=cdk.Stack.of(self).format_arn(
                service="logs", resource="log-group", resource_name=self.log.log_group_name,
                arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
            ),
            format=json.dumps(LOG_FIELDS),
        )  # fmt: skip

    @property
    def host(self) -> str:
        """Where it answers."""
        return f"{self.api.api_id}.execute-api.{cdk.Aws.REGION}.{cdk.Aws.URL_SUFFIX}"


def _rights(factory: Factory, table: dynamodb.Table) -> Iterator[iam.PolicyStatement]:
    """What the API may do for all users together; whose a job or an upload is, it looks at itself."""
    uploads = [factory.storage.bucket.arn_for_objects(f"{UPLOADS}/*")]
    yield from factory.reads_inputs()
    yield from factory.writes(f"{UPLOADS}/*", "items/*", "jobs/*", "answers/*", "web/*")
    yield from factory.deletes("jobs/*", f"{UPLOADS}/*")
    yield _allow(["s3:PutObjectTagging", "s3:DeleteObjectTagging", "s3:ListMultipartUploadParts"], uploads)
    yield from factory.jobs("GetItem", "BatchGetItem", "PutItem", "UpdateItem", "DeleteItem")
    yield from factory.lists_jobs()
    yield from factory.lists_jobs_of_users()
    yield from factory.batches("GetItem", "BatchGetItem", "Query", "UpdateItem", "DeleteItem", "BatchWriteItem")
    yield from factory.pays()
    actions = ("GetItem", "BatchGetItem", "PutItem", "DeleteItem")
    yield _allow([f"dynamodb:{action}" for action in actions], [table.table_arn])
    yield _allow(["dynamodb:Query"], [f"{table.table_arn}/index/{NEWEST.name}"])
    yield from factory.starts(f"{factory.prefix}-jobs")
    yield from factory.describes(f"{factory.prefix}-jobs")


def _allow(actions: list[str], resources: list[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=actions, resources=resources)
