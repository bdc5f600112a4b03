"""The API over a deployment: uploads and libraries in S3, limits in DynamoDB, users of Cognito.

It is deployed with the function of the API alone.
"""
