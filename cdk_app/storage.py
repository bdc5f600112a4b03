"""What is stored: a bucket of objects, and tables of jobs, batches and budgets."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from constructs import Construct

REQUESTS = "all-requests"
"""Name of the bucket's metrics of requests."""


class Storage(Construct):
    """Bucket and tables. They are kept when the stack is destroyed: results are worth more than the stack."""

    def __init__(self, scope: Construct, name: str, *, request_metrics: bool = False) -> None:
        super().__init__(scope, name)
        self.bucket = s3.Bucket(
            self, "Objects",
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=cdk.RemovalPolicy.RETAIN,
            lifecycle_rules=[
                s3.LifecycleRule(id="unfinished-uploads", abort_incomplete_multipart_upload_after=cdk.Duration.days(7)),
                # What Step Functions notes of each job that one execution of many started; the jobs themselves stay.
                s3.LifecycleRule(id="map-runs", prefix="map-runs/", expiration=cdk.Duration.days(30)),
            ],
            # Paid only for hours with requests: the one place that sees each 503, also those that were repeated.
            metrics=[s3.BucketMetrics(id=REQUESTS)] if request_metrics else None,
        )  # fmt: skip
        self.batches = dynamodb.Table(
            self, "Batches",
            partition_key=dynamodb.Attribute(name="jobId", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="batchId", type=dynamodb.AttributeType.NUMBER),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            time_to_live_attribute="ttl",
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )  # fmt: skip
        self.jobs = dynamodb.Table(
            self, "Jobs",
            partition_key=dynamodb.Attribute(name="jobId", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            time_to_live_attribute="ttl",
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )  # fmt: skip
        # It holds all attributes, which nobody reads there: DynamoDB does not change that of an index that is there.
        self.jobs.add_global_secondary_index(
            index_name="newest",
            partition_key=dynamodb.Attribute(name="kind", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="created", type=dynamodb.AttributeType.NUMBER),
        )
        self.jobs.add_global_secondary_index(
            index_name="newest-of-user",
            partition_key=dynamodb.Attribute(name="user", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="created", type=dynamodb.AttributeType.NUMBER),
            projection_type=dynamodb.ProjectionType.KEYS_ONLY,
        )
        self.budgets = dynamodb.Table(
            self, "Budgets",
            partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )  # fmt: skip
        self.budgets.add_global_secondary_index(
            index_name="newest",
            partition_key=dynamodb.Attribute(name="kind", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="created", type=dynamodb.AttributeType.NUMBER),
            projection_type=dynamodb.ProjectionType.KEYS_ONLY,
        )
