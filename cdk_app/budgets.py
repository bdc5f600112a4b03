"""A second pair of eyes: AWS Budgets compares the bill of a deployment's resources with an amount, and mails somebody."""

from __future__ import annotations

from aws_cdk import aws_budgets as budgets
from constructs import Construct

TAG = "skyburst"
"""Tag of all resources of a deployment; its value is the prefix. It counts once it is activated as a cost allocation tag."""
SHARES = (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))
"""Of what is a message sent, and from how many percent of the amount on."""


class BillBudget(Construct):
    """A budget of AWS Budgets for each month. It costs nothing, comes hours late, and stops nothing."""

    def __init__(self, scope: Construct, name: str, *, prefix: str, usd: int, email: str) -> None:
        super().__init__(scope, name)
        subscriber = budgets.CfnBudget.SubscriberProperty(subscription_type="EMAIL", address=email)
        self.budget = budgets.CfnBudget(
            self, "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=f"{prefix}-bill", budget_type="COST", time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=usd, unit="USD"),
                cost_filters={"TagKeyValue": [f"user:{TAG}${prefix}"]},
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        notification_type=kind, comparison_operator="GREATER_THAN", threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[subscriber],
                )
                for kind, percent in SHARES
            ],
        )  # fmt: skip
