"""Alarms and a dashboard, for those who ask for them: an account has some for nothing, and pays for more."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
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
MOST_METRICS = 9
"""Of functions in one alarm: it takes ten with what is made of them."""
WAITING_MS = 60_000
FREE_METRICS = 50
"""A dashboard with more is not among the three that an account has for nothing."""


class Monitoring(Construct):
    """Tells an operator when something is wrong, and shows what goes on."""

    def __init__(
        self, scope: Construct, name: str, *, prefix: str, storage: Storage, undelivered: sqs.Queue,
        lanes: Sequence[lambda_.Function], email: str | None,
    ) -> None:  # fmt: skip
        """Make the alarms.

        Args:
            scope: as ever.
            name: likewise.
            prefix: start of the names of alarms.
            storage: whose refusals count.
            undelivered: of what could not be run.
            lanes: a worker function of each analysis, which stands for its other lanes: neighbours go to different ones.
            email: who gets a message.
        """
        super().__init__(scope, name)
        self._prefix = prefix
        self._storage = storage
        self._undelivered = undelivered
        self.topic = sns.Topic(self, "Alarms", display_name=f"{prefix}: alarms", enforce_ssl=True)
        # With a policy of its own, such as that of `enforce_ssl`, a topic is closed to CloudWatch unless it is let in.
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
            )
        )
        if email:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))
        self._alarm(
            "FailedJobs",
            self._own("JobsFailed"),
            "A job ended FAILED: `skyburst jobs --on aws` names it, `skyburst status JOB --on aws` says why.",
        )
        self._alarm(
            "Throttles",
            # Without dimensions: of all functions of the account and region, which share its concurrency. An event that is
            # throttled was accepted before, so that those who send it never hear of it.
            cloudwatch.Metric(namespace="AWS/Lambda", metric_name="Throttles", statistic="Sum", period=MINUTE),
            "Lambda throttles invocations. Jobs take longer, and lose nothing; ask for a higher concurrency quota.",
            periods=3,
        )  # fmt: skip
        for number, some in enumerate(
            lanes[first : first + MOST_METRICS] for first in range(0, len(lanes), MOST_METRICS)
        ):
            self._alarm(
                f"Waiting{number + 1 if number else ''}", _longest("AsyncEventAge", some),
                "Batches wait for a minute and more until a worker is free. Jobs take longer, and lose nothing.",
                periods=3, threshold=WAITING_MS,
            )  # fmt: skip
        self._alarm(
            "SlowDown", self._slow_downs(),
            "S3 refuses requests with 5xx, 503 SlowDown as a rule. They are repeated; S3 grows with a load that stays.",
            periods=3,
        )  # fmt: skip
        self._alarm(
            # What arrives, not what lies there: messages stay for two weeks, and nobody has to remove them.
            "Undelivered", undelivered.metric_number_of_messages_sent(statistic="Sum", period=MINUTE),
            "Invocations failed, or were ended: of jobs that were cancelled or batches that took too long, or for another cause.",
        )  # fmt: skip

    def watch_drift(self) -> None:
        """An alarm when the deployment is not as its template says any more."""
        self._alarm(
            "Drift", self._own("DriftedResources", statistic="Maximum"),
            "Something of the deployment was changed by hand: `skyburst drift` names it.",
        )  # fmt: skip

    def watch_reaper(self) -> None:
        """Alarms when environments outlived their job, and when they could not be ended."""
        self._alarm(
            "Reaped", self._own("ReapedEnvironments"),
            "An environment outlived its job, and was ended; the log of the reaper names it, and why.",
        )  # fmt: skip
        self._alarm(
            "Unreaped", self._own("UnreapedEnvironments"),
            "An environment that outlived its job costs money and could not be ended; the log of the reaper names it.",
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

    def _alarm(
        self, id_: str, metric: cloudwatch.IMetric, description: str, *, periods: int = 1, threshold: int = 1
    ) -> None:
        alarm = cloudwatch.Alarm(
            self, id_, alarm_name=f"{self._prefix}-{id_}", alarm_description=description, metric=metric, threshold=threshold,
            evaluation_periods=periods, treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        )  # fmt: skip
        alarm.add_alarm_action(actions.SnsAction(self.topic))


def _longest(name: str, functions: Sequence[lambda_.Function]) -> cloudwatch.IMetric:
    """The largest of a metric of some functions."""
    metrics = {
        f"m{number}": function.metric(name, statistic="Maximum", period=MINUTE)
        for number, function in enumerate(functions)
    }
    if len(metrics) == 1:
        return metrics["m0"]
    return cloudwatch.MathExpression(expression=f"MAX([{', '.join(metrics)}])", using_metrics=metrics, period=MINUTE)
