"""Live events: what tells pages that a job has changed, so that they need not ask."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import aws_appsync as appsync
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_app.bundle import Contents
from cdk_app.functions import Factory
from cdk_app.web.users import Users
from skyburst.homes.aws.events import JOB_CHANGE, JOB_PROGRESS, SOURCE

NAMESPACE = "jobs"
"""Channels are `/jobs/<id of the user>`."""
TELL_S = 30
CHANNELS = Path(__file__).parent / "channels.js"


class Live(Construct):
    """An Events API of AppSync, and the function that tells it what the engine tells EventBridge of jobs."""

    def __init__(self, scope: Construct, name: str, *, factory: Factory, users: Users, table: dynamodb.Table) -> None:
        super().__init__(scope, name)
        cognito = appsync.AppSyncAuthorizationType.USER_POOL
        self.api = appsync.EventApi(
            self, "Events",
            api_name=factory.prefix,
            authorization_config=appsync.EventApiAuthConfig(
                auth_providers=[
                    appsync.AppSyncAuthProvider(
                        authorization_type=cognito,
                        cognito_config=appsync.AppSyncCognitoConfig(
                            user_pool=users.pool, app_id_client_regex=users.client.user_pool_client_id
                        ),
                    ),
                    appsync.AppSyncAuthProvider(authorization_type=appsync.AppSyncAuthorizationType.IAM),
                ],
                connection_auth_mode_types=[cognito],
                default_subscribe_auth_mode_types=[cognito],
                default_publish_auth_mode_types=[appsync.AppSyncAuthorizationType.IAM],
            ),
        )  # fmt: skip
        self.namespace = appsync.ChannelNamespace(
            self, "Jobs", api=self.api, channel_namespace_name=NAMESPACE,
            code=appsync.Code.from_inline(CHANNELS.read_text(encoding="utf-8")),
        )  # fmt: skip
        self.function = factory.function(
            self, "Tell", f"{factory.prefix}-live", Contents(),
            handler="web.events.handler.handler", memory_mb=256, timeout_s=TELL_S, asynchronous=True, retries=1,
            statements=[
                iam.PolicyStatement(actions=["dynamodb:GetItem"], resources=[table.table_arn]),
                iam.PolicyStatement(actions=["appsync:EventPublish"], resources=[self.namespace.channel_namespace_arn]),
            ],
            environment={
                "SKYBURST_WEB": table.table_name,
                "SKYBURST_LIVE_URL": f"https://{self.api.http_dns}/event",
                "SKYBURST_LIVE_NAMESPACE": NAMESPACE,
            },
        )  # fmt: skip
        events.Rule(
            self, "Changed",
            description="Tells pages that a job has changed",
            event_pattern=events.EventPattern(
                source=[SOURCE], detail_type=[JOB_CHANGE, JOB_PROGRESS], detail={"deployment": [factory.prefix]}
            ),
            targets=[targets.LambdaFunction(self.function, dead_letter_queue=factory.undelivered)],
        )  # fmt: skip
