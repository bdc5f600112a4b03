"""Manager, worker and combiner of the tree. They need boto3 only, which the runtime brings along."""

import json
import os

import boto3

functions, tasks, objects = (boto3.client(service) for service in ("lambda", "dynamodb", "s3"))
COUNTER = -1  # the batch id under which finished batches are counted


def send(function, event):
    functions.invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event).encode())


def manager(event, context):
    first, last = event["first"], event["last"]
    if last - first <= 4:
        for batch in range(first, last):
            send(os.environ["WORKER"], {"job": event["job"], "batch": batch})
        return
    middle = (first + last) // 2
    send(context.function_name, {**event, "last": middle})
    send(context.function_name, {**event, "first": middle})


def worker(event, context):
    table, job, batch = os.environ["TABLE"], event["job"], event["batch"]
    result = {"jobId": {"S": job}, "batchId": {"N": str(batch)}, "result": {"N": str(batch * batch)}}
    once = {"TableName": table, "Item": result, "ConditionExpression": "attribute_not_exists(jobId)"}
    count = {
        "TableName": table,
        "Key": {"jobId": {"S": job}, "batchId": {"N": str(COUNTER)}},
        "UpdateExpression": "ADD done :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    try:
        tasks.transact_write_items(TransactItems=[{"Put": once}, {"Update": count}])
    except tasks.exceptions.TransactionCanceledException as error:
        if error.response["CancellationReasons"][0]["Code"] != "ConditionalCheckFailed":
            raise


def combiner(event, context):
    pages = (
        boto3.client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=os.environ["TABLE"],
            KeyConditionExpression="jobId = :job AND batchId >= :zero",
            ExpressionAttributeValues={":job": {"S": event["job"]}, ":zero": {"N": "0"}},
            ConsistentRead=True,
        )
    )
    results = [int(item["result"]["N"]) for page in pages for item in page["Items"]]
    key = f"results/{event['job']}.json"
    body = json.dumps({"batches": len(results), "sum": sum(results)})
    objects.put_object(Bucket=os.environ["BUCKET"], Key=key, Body=body)
    return {"key": key}
