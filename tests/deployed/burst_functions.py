"""Workers and combiners of burst-compute, written from its documented interfaces, as functions of the local cloud."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skyburst.local_cloud import LocalCloud

TREE_WORKER = """
import json, time
import boto3

table = None

def handler(event, context):
    global table
    print("EVENT " + json.dumps(event), flush=True)
    if event["jobParameters"].get("fails_at") == event["batchId"]:
        raise RuntimeError("told to fail")
    if event["jobParameters"].get("sleeps_at") == event["batchId"]:
        time.sleep(30)
    table = table or boto3.client("dynamodb")
    results = [index * event["jobParameters"]["factor"] for index in range(event["startIndex"], event["endIndex"])]
    table.put_item(TableName=event["tasksTableName"], Item={
        "jobId": {"S": event["jobId"]}, "batchId": {"N": str(event["batchId"])},
        "ttl": {"N": str(int(time.time()) + 3600)}, "results": {"S": json.dumps(results)}})
"""
MAP_WORKER = """
import json, time
from pathlib import Path

def handler(event, context):
    print("EVENT " + json.dumps(event), flush=True)
    if event["batchId"] in event["jobParameters"].get("fail", []):
        raise ValueError("told to fail")
    if (mark := event["jobParameters"].get("fails_first")) and event["batchId"] == 1 and not Path(mark).exists():
        Path(mark).touch()
        raise ValueError("told to fail at first")
    results = [index * event["jobParameters"]["factor"] for index in range(event["startIndex"], event["endIndex"])]
    results += [0] * event["jobParameters"].get("zeros", {}).get(str(event["batchId"]), 0)
    return {"jobId": event["jobId"], "batchId": event["batchId"], "nresults": len(results),
            "ttl": int(time.time()) + 3600, "resultsMimeType": "application/json", "results": json.dumps(results)}
"""
COMBINER = """
import json
import boto3

def handler(event, context):
    print("EVENT " + json.dumps(event), flush=True)
    if event["jobParameters"].get("combiner_fails_once") and not event.get("fatalErrors"):
        raise RuntimeError("combiner told to fail")
    rows, more = [], {}
    while True:
        page = boto3.client("dynamodb").query(
            TableName=event["tasksTableName"], ConsistentRead=True, KeyConditionExpression="jobId = :jobId",
            FilterExpression="results <> :emptyList",
            ExpressionAttributeValues={":jobId": {"S": event["jobId"]}, ":emptyList": {"S": "[ ]"}}, **more)
        rows += page["Items"]
        if "LastEvaluatedKey" not in page:
            break
        more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    values = [value for row in rows for value in json.loads(row["results"]["S"])]
    return {"sum": sum(values), "count": len(values), "batches": [int(row["batchId"]["N"]) for row in rows]}
"""
NODE_WORKER = """
export const handler = async (event) => {
  console.log(`EVENT ${JSON.stringify(event)}`);
  const results = [];
  for (let index = event.startIndex; index < event.endIndex; index += 1) results.push(index * event.jobParameters.factor);
  return {
    jobId: event.jobId, batchId: event.batchId, nresults: results.length, ttl: Math.floor(Date.now() / 1000) + 3600,
    resultsMimeType: 'application/json', results: JSON.stringify(results),
  };
};
"""
NODE_COMBINER = """
// There is no AWS SDK in the local cloud: the request is signed by hand.
import { createHash, createHmac } from 'node:crypto';

const digest = (text) => createHash('sha256').update(text).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();

const query = async (input) => {
  const region = process.env.AWS_REGION;
  const url = new URL(process.env.AWS_ENDPOINT_URL ?? `https://dynamodb.${region}.amazonaws.com`);
  const body = JSON.stringify(input);
  const now = new Date().toISOString().replace(/[:-]|\\.\\d{3}/g, '');
  const headers = {
    'content-type': 'application/x-amz-json-1.0', host: url.host, 'x-amz-date': now,
    'x-amz-security-token': process.env.AWS_SESSION_TOKEN, 'x-amz-target': 'DynamoDB_20120810.Query',
  };
  const names = Object.keys(headers).sort();
  const canonical = ['POST', '/', '', ...names.map((name) => `${name}:${headers[name]}`), '', names.join(';'), digest(body)];
  const scope = `${now.slice(0, 8)}/${region}/dynamodb/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', now, scope, digest(canonical.join('\\n'))].join('\\n');
  const parts = [now.slice(0, 8), region, 'dynamodb', 'aws4_request'];
  const key = parts.reduce((secret, part) => hmac(secret, part), `AWS4${process.env.AWS_SECRET_ACCESS_KEY}`);
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${process.env.AWS_ACCESS_KEY_ID}/${scope}, `
    + `SignedHeaders=${names.join(';')}, Signature=${signature}`;
  const { host, ...sent } = headers;
  const answer = await fetch(url, { method: 'POST', headers: { ...sent, authorization }, body });
  if (!answer.ok) throw new Error(`Query: ${answer.status} ${await answer.text()}`);
  return answer.json();
};

export const handler = async (event) => {
  console.log(`EVENT ${JSON.stringify(event)}`);
  const page = await query({
    TableName: event.tasksTableName, ConsistentRead: true, KeyConditionExpression: 'jobId = :jobId',
    FilterExpression: 'results <> :emptyList',
    ExpressionAttributeValues: { ':jobId': { S: event.jobId }, ':emptyList': { S: '[ ]' } },
  });
  const values = page.Items.flatMap((row) => JSON.parse(row.results.S));
  const batches = page.Items.map((row) => Number(row.batchId.N));
  return { sum: values.reduce((sum, value) => sum + value, 0), count: values.length, batches };
};
"""


@dataclass(frozen=True)
class Source:
    """A function to be made."""

    code: str
    actions: tuple[str, ...]
    """Of DynamoDB on the table of batches, that its role allows."""
    node: bool = False


SOURCES = {
    "tree-worker": Source(TREE_WORKER, ("PutItem",)),
    "tree-combiner": Source(COMBINER, ("Query",)),
    "map-worker": Source(MAP_WORKER, ()),
    "map-combiner": Source(COMBINER, ("Query",)),
    "node-worker": Source(NODE_WORKER, (), node=True),
    "node-combiner": Source(NODE_COMBINER, ("Query",), node=True),
}
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
BURST_FUNCTIONS = [
    # One by its ARN, as another stack would export it, the others by name.
    f"arn:aws:lambda:us-east-1:123456789012:function:{name}" if name == "map-worker" else name
    for name in SOURCES
]


def make_functions(cloud: LocalCloud, table: str) -> None:
    """Make all of them, each with the role that burst-compute's documentation asks for."""
    arn = cloud.client("dynamodb").describe_table(TableName=table)["Table"]["TableArn"]
    for name, source in SOURCES.items():
        statements = [
            {"Effect": "Allow", "Action": [f"dynamodb:{action}"], "Resource": arn} for action in source.actions
        ]
        cloud.client("lambda").create_function(
            FunctionName=name,
            Runtime="nodejs20.x" if source.node else PYTHON,
            Role=cloud.put_role(f"{name}-role", "lambda.amazonaws.com", statements),
            Handler="index.handler",
            Timeout=30,
            MemorySize=256,
            Code={"ZipFile": _zip_of("index.mjs" if source.node else "index.py", source.code)},
        )


def events_of(cloud: LocalCloud, function: str, job: str) -> list[dict[str, Any]]:
    """The events that a function got for a job, in the order of their batches."""
    lines = [line.partition("EVENT ")[2] for line in cloud.logs_of(function) if "EVENT " in line]
    events = [event for event in map(json.loads, lines) if event["jobId"] == job]
    return sorted(events, key=lambda event: event.get("batchId", 0))


def _zip_of(name: str, text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, text)
    return buffer.getvalue()
