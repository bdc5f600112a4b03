import io
import json
import zipfile

from skyburst.local_cloud import LocalCloud

CODE = """
import boto3

def handler(event, context):
    boto3.client("s3").put_object(Bucket="results", Key=event["name"], Body=b"done")
    return "written"
"""


def zipped(text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", text)
    return buffer.getvalue()


with LocalCloud() as cloud:
    cloud.client("s3").create_bucket(Bucket="results")
    may_write = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::results/good/*"}
    role = cloud.put_role("writer", "lambda.amazonaws.com", [may_write])
    functions = cloud.client("lambda")
    functions.create_function(
        FunctionName="write",
        Runtime="python3.12",
        Handler="index.handler",
        Role=role,
        Timeout=30,
        Code={"ZipFile": zipped(CODE)},
    )

    for name in ("good/a", "bad/a"):
        answer = functions.invoke(FunctionName="write", Payload=json.dumps({"name": name}))
        result = json.loads(answer["Payload"].read())
        print(name, result["errorType"] if "FunctionError" in answer else result)

    cloud.faults.kill_invocation("write")  # the process of the next invocation dies ...
    functions.invoke(FunctionName="write", InvocationType="Event", Payload=json.dumps({"name": "good/b"}))
    cloud.wait_for_events()  # ... and Lambda tries the event again
    print("retries:", cloud.counts["retries"])
    print("denied:", [one.resource for one in cloud.decisions() if one.verdict != "allowed"])
