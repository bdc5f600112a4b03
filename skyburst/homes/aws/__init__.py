"""Home `aws`: Lambda workers, a DynamoDB task table and S3 objects in one AWS account."""
