"""Alarms and a dashboard, for those who ask for them: an account has some for nothing, and pays for more."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from cdk_app.analysis import Analysis
from cdk_app.engine import Engine
from cdk_app.storage import REQUESTS, Storage
from skyburst.homes.aws.telemetry import NAMESPACE

MINUTE = cdk.Duration.minutes(1)
WIDTH = 12
"""Of a graph: half of the dashboard."""
FREE_METRICS = 50
"""A dashboard with more is not among the three that an account has for nothing."""


class Monitoring(Construct):
    """Tells an operator when something is wrong, and shows what goes on."""

    def __init__(
        self, scope: Construct, name: str, *, prefix: str, storage: Storage, undelivered: sqs.Queue, email: str | None
    ) -> None:
        super().__init__(scope, name)
        self._prefix = prefix
        self._storage = storage
        self._undelivered = undelivered
        self.topic = sns.Topic(self, "Alarms", display_name=f"{prefix}: alarms", enforce_ssl=True)
        if email:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))
        self._alarm("FailedJobs", self._own("JobsFailed"), "A job ended FAILED: `skyburst show JOB` says why.")
        self._alarm(
            "Throttles", self._own("ThrottledInvokes"),
            "Lambda throttles invocations. Jobs take longer, and lose nothing; ask for a higher concurrency quota.",
            periods=3,
        )  # fmt: skip
        self._alarm(
            "SlowDown", self._slow_downs(),
            "S3 refuses requests with 5xx, 503 SlowDown as a rule. They are repeated; S3 grows with a load that stays.",
            periods=3,
        )  # fmt: skip
        self._alarm(
            "Undelivered", undelivered.metric_approximate_number_of_messages_visible(statistic="Maximum", period=MINUTE),
            "Invocations failed and lie in the queue. The watcher sent their batches again; look for the cause.",
        )  # fmt: skip

    def add_dashboard(
        self, *, machine: stepfunctions.StateMachine, engine: Engine, analyses: Sequence[Analysis]
    ) -> None:
        """A dashboard named as the deployment."""
        workers = [worker for analysis in analyses for worker in analysis.workers]
        functions = [engine.plan, engine.watch, engine.manager, *(analysis.combiner for analysis in analyses)]
        tables = [self._storage.batches, self._storage.jobs]
        ends = ("JobsSucceeded", "JobsPartial", "JobsFailed", "JobsTimedOut", "JobsCancelled")
        graphs = {
            "Jobs that ended": [self._own(name, label=name.removeprefix("Jobs")) for name in ends],
            "Seconds of a job, slowest": [
                self._own("JobSeconds", analysis, statistic="Maximum", label=analysis.name) for analysis in analyses
            ],
            "Batches": [
                self._own(name, analysis, label=f"{analysis.name} {label}")
                for analysis in analyses
                for name, label in {"BatchesDone": "done", "BatchesLost": "lost", "BatchesSentAgain": "sent again"}.items()
            ],
            "Concurrency by lane": [
                worker.metric("ConcurrentExecutions", statistic="Maximum", period=MINUTE, label=worker.node.id)
                for worker in workers
            ],
            "Throttled invocations, children not sent": [self._own("ThrottledInvokes"), self._own("UnsentChildren")],
            "Errors": [function.metric_errors(period=MINUTE, label=function.node.id) for function in functions],
            "S3: 5xx, SlowDown as a rule": [self._slow_downs()],
            "DynamoDB: throttled": [
                table.metric(name, statistic="Sum", period=MINUTE, label=f"{table.node.id} {name}")
                for table in tables
                for name in ("ReadThrottleEvents", "WriteThrottleEvents")
            ],
            "Undelivered": [
                self._undelivered.metric_approximate_number_of_messages_visible(statistic="Maximum", period=MINUTE)
            ],
            "Executions that run or ended otherwise": [
                machine.metric_started(period=MINUTE), machine.metric_failed(period=MINUTE),
                machine.metric_timed_out(period=MINUTE), machine.metric_aborted(period=MINUTE),
            ],
        }  # fmt: skip
        board = cloudwatch.Dashboard(self, "Dashboard", dashboard_name=self._prefix)
        board.add_widgets(
            *(cloudwatch.GraphWidget(title=title, left=metrics, width=WIDTH) for title, metrics in graphs.items())
        )
        count = sum(len(metrics) for metrics in graphs.values())
        if count > FREE_METRICS:
            cdk.Annotations.of(self).add_info(
                f"the dashboard shows {count} metrics, and costs 3 USD a month: those for nothing show {FREE_METRICS}"
            )

    def _own(
        self, name: str, analysis: Analysis | None = None, *, statistic: str = "Sum", label: str | None = None
    ) -> cloudwatch.Metric:
        """A metric that functions write; see `telemetry.py`."""
        dimensions = {"deployment": self._prefix, **({"analysis": analysis.name} if analysis else {})}
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=name,
            dimensions_map=dimensions,
            statistic=statistic,
            period=MINUTE,
            label=label,
        )

    def _slow_downs(self) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/S3", metric_name="5xxErrors", statistic="Sum", period=MINUTE,
            dimensions_map={"BucketName": self._storage.bucket.bucket_name, "FilterId": REQUESTS},
        )  # fmt: skip

    def _alarm(self, id_: str, metric: cloudwatch.Metric, description: str, *, periods: int = 1) -> None:
        alarm = cloudwatch.Alarm(
            self, id_, alarm_name=f"{self._prefix}-{id_}", alarm_description=description, metric=metric, threshold=1,
            evaluation_periods=periods, treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        )  # fmt: skip
        alarm.add_alarm_action(actions.SnsAction(self.topic))
