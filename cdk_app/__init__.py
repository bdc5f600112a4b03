"""The CDK app: what `skyburst deploy` deploys."""
