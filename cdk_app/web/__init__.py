"""The page: an HTTP API, people who sign in, live events, and files behind CloudFront. It is free while nobody uses it."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from cdk_app.engine import Engine
from cdk_app.functions import Factory
from cdk_app.settings import Web
from cdk_app.web.api import Api
from cdk_app.web.live import Live
from cdk_app.web.site import Site
from cdk_app.web.users import Users
from skyburst.homes.aws.schema import NEWEST

__all__ = ["WebStack"]

PROGRESS_S = 2
"""Between two messages about the progress of a job."""
OPEN_TAG, OPEN_DAYS = "skyburst-upload", 7
"""What nobody has completed is removed after so long."""


class WebStack(Construct):
    """Nothing of it is public but the page, which holds no data, and the API, which wants a token for everything.

    Args:
        factory: makes functions.
        engine: of the deployment.
        combiners: names of the functions that show what a job has found so far.
        settings: what was chosen.
        log_days: how long logs are kept.
    """

    def __init__(
        self, scope: Construct, name: str, *, factory: Factory, engine: Engine, combiners: list[str], settings: Web,
        log_days: int,
    ) -> None:  # fmt: skip
        super().__init__(scope, name)
        self.users = Users(self, "Users", prefix=factory.prefix)
        self.table = _table(self)
        self.live = Live(self, "Live", factory=factory, users=self.users, table=self.table)
        self.api = Api(
            self, "Api", factory=factory, engine=engine, users=self.users, table=self.table, combiners=combiners,
            settings=settings, log_days=log_days,
        )  # fmt: skip
        engine.watch.add_environment("SKYBURST_PROGRESS_S", str(PROGRESS_S))
        bucket = factory.storage.bucket
        bucket.add_lifecycle_rule(
            id="open-uploads", tag_filters={OPEN_TAG: "open"}, expiration=cdk.Duration.days(OPEN_DAYS)
        )
        bucket.add_lifecycle_rule(id="answers", prefix="answers/", expiration=cdk.Duration.days(1))
        self.site = Site(
            self, "Site", factory=factory, users=self.users, live=self.live, api=self.api, client=Path(settings.client)
        )

    @property
    def outputs(self) -> dict[str, str]:
        """What clients need to know, by name."""
        return {
            "Page": cdk.Fn.join("", ["https://", self.site.distribution.distribution_domain_name]),
            "UserPool": self.users.pool.user_pool_id,
            "UserPoolClient": self.users.client.user_pool_client_id,
        }


def _table(scope: Construct) -> dynamodb.Table:
    """Limits, uploads under way, and the ids of users: nothing that is missed when it is lost."""
    table = dynamodb.Table(
        scope, "Table",
        partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        encryption=dynamodb.TableEncryption.AWS_MANAGED,
        time_to_live_attribute="ttl",
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )  # fmt: skip
    table.add_global_secondary_index(
        index_name=NEWEST.name,
        partition_key=dynamodb.Attribute(name=NEWEST.partition.name, type=dynamodb.AttributeType.STRING),
        sort_key=dynamodb.Attribute(name=NEWEST.sort.name, type=dynamodb.AttributeType.NUMBER),
        projection_type=dynamodb.ProjectionType.KEYS_ONLY,
    )
    return table
