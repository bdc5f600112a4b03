import json
import time

import boto3

stack = boto3.client("cloudformation").describe_stacks(StackName="skyburst")["Stacks"][0]
outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

job = {"analysis": "monte-carlo", "parameters": {"blocks": 40, "points_per_block": 1_000}}
states = boto3.client("stepfunctions")
started = states.start_execution(stateMachineArn=outputs["JobMachine"], input=json.dumps(job))
while (ended := states.describe_execution(executionArn=started["executionArn"]))["status"] == "RUNNING":
    time.sleep(1)
ending = json.loads(ended["output"])
print(ending["state"], ending["reason"])

body = boto3.client("s3").get_object(Bucket=outputs["Bucket"], Key=ending["result"])["Body"]
print(json.load(body)["integral"])
