"""Home `aws`: Lambda for managers, workers and combiners, DynamoDB for the task table, S3 for objects.

What runs on AWS is written here as plain functions; the folders `manager/`, `workers/`, `combiners/` and
`step_functions/` are thin entry points around them.
"""
