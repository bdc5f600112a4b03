"""What rules of AwsSolutions find in the stack and why it is right: the one place for reasons.

Each finding is named exactly, at the resource that has it and with what it has, so that no reason covers what nobody looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import IConstruct

from cdk_app.drift import READS
from cdk_app.environments import ECS_POLICY, SSM_POLICY, Environments
from cdk_app.people import PeopleRole
from cdk_app.stack import SkyburstStack
from cdk_app.web import WebStack
from cdk_app.web.api import UPLOADS
from skyburst.homes.aws.deployed import all_workers

RULES = "AwsSolutions::AwsSolutions"
S1 = "access logs of objects are another bucket that is paid for; CloudTrail's data events do this for whoever needs it"
DDB3 = (
    "rows of batches are made again by resuming a job; results and certificates are in the bucket, jobs have recovery"
)
SQS3 = "it is the queue of what could not be delivered itself: no function reads from it"
L1 = "the operator chooses the version: that of which the packages of all analyses have wheels"
XRAY = "X-Ray, the delivery of Step Functions' logs, and lists of AWS Batch and EC2 know no resources: AWS documents * for them"
OBJECTS = {
    "/*": "jobs read items, masks and parameters from anywhere in the deployment's bucket; nothing but objects is in it",
    "/jobs/*": "the objects of each job lie under its id, which is not known when it is deployed",
    "/people/*": "profiles of users and groups lie under their names, which are not known when it is deployed",
    "/items/*": "lists of items lie under their digest, so that the same list is stored once",
    "/jobs/*/partials/*": "large partial results lie under the id of their job",
    "/jobs/*/datasets/*": "what an environment delivers lies under the id of its job",
    "/jobs/*/spans/*": "when each part ran lies under the id of its job",
    "/jobs/*/notified/*": "who was told that a job has ended lies under the id of the job",
    "/retention/*": "that something of a job is to be deleted lies under the id of the job",
    "/jobs/*/result.json": "the result lies under the id of its job, and is deleted when the job asked for it",
    "/jobs/*/files/*": "result files lie under the id of their job, and are deleted when the job asked for it",
    "/jobs/*/datasets/*/results/*": "results of datasets lie under the id of their job, and are deleted when it asked for it",
    "/jobs/*/datasets/*/logs/*": "logs of datasets lie under the id of their job, and are deleted when it asked for it",
    "/jobs/*/submission.json": "of which submission a job is lies under the id of the job",
    "/jobs/*/set-aside-*": "what a combiner of burst-compute is not to see lies under the id of its job, and is removed",
    "/jobs/*/combined/*": "what an earlier run combined lies under the id of its job, and is removed",
}
MAP = {
    "/batches/*/manifest.json": "the list of a batch of jobs lies under its name, which is not known when it is deployed",
    "/batches/*/summary.json": "the summary of a batch of jobs lies under its name",
    "/map-runs/*": "Step Functions writes what became of the items of a map under the id of its run",
}
EXECUTIONS = "executions are named when they start: these are those of the deployment's own machines"
SF1 = "errors are logged; each child of the map has its own record, and all events of 100,000 jobs would cost more than they"
WORKERS = "named one by one, fifty workers fill a policy; the pattern is that of the deployment's workers"
WRITES = (
    "the blueprint of an analysis names these keys as those that it writes and removes, none of the deployment's own"
)
VPC7 = "flow logs are paid for by the byte, of data that analyses read too; nothing reaches into the network"
HOSTS = "the agent of ECS needs what AWS names for it, and Session Manager likewise; containers have roles of their own"
BATCH_NAMES = (
    "the queues and job definitions of the deployment begin with its prefix; named one by one, they fill a policy"
)
DEVELOPERS = "instances of developers are named by chance; the condition is that they have the tags of the deployment"
BATCH_JOBS = "jobs of AWS Batch are named by chance when they are submitted; the condition is that they have the deployment's tag"
MACHINES = (
    "tasks and container instances of ECS are named by chance; the condition is that they are of clusters of AWS Batch"
)
STACK = "the id of a stack is behind its name, and new when it is made again"
COMPARING = "CloudFormation compares with the rights of who asks; these read settings, and no content"
SUBMITTED = {
    "/*/inputs/*": "what a group uploaded lies under its name, and is deleted when a job of it asked for that",
    "/*": "jobs read what groups uploaded, whose names are not known when it is deployed",
    "/*/results/*": "the results of each group's submissions lie under its name, which is not known when it is deployed",
    "/*/configs/*": "the configs of an ensemble lie beside the one that they were made of, under the name of a group",
    "/*/results/*/process_results/*": "the end of a job that was resumed, and what its failed datasets left, is taken away again",
    "/logs/*": "records of who ran what lie under the names of groups",
    "/logs/submissions/*": "records of submissions lie under the names of groups; they say who needs what was uploaded",
    "/logs/active/*": "records of what runs are removed when it has ended; each has an id of its own",
    "/*/submissions/*submit.json": "submit files lie under the names of groups",
}
PAGE = {
    "CFR1": "who may sign in is decided by the operator, wherever they are; a list of countries would keep out who travels",
    "CFR2": "a firewall costs money each month also while nobody uses the page; the API wants a token and is throttled",
    "CFR3": "access logs are another bucket that is paid for; the API logs its requests",
    "CFR4": "the address is CloudFront's own, whose certificate browsers of this decade use with TLS 1.2 or newer; another "
    "minimum needs a domain and a certificate of the operator",
}
COG2 = "a second factor is for the operator to require, in the pool: it needs messages that are paid for, or an app of each user"
COG8 = "threat protection costs money for each user; the operator may turn it on in the pool"
LIMITS = "rows are counts of a day and uploads under way, which are worth nothing when they are lost"
SITE_FILES = "the files of the page are named by what is in them; nothing else is in this bucket"
WEB = {
    f"/{UPLOADS}/*": "uploads lie under the id of their user, which is not known when it is deployed",
    "/uploads/*": "what a job specification names lies under the digest of its content",
    "/web/*": "counts of libraries lie under the names of these, which are not known when it is deployed",
    "/answers/*": "answers that are too long for a function have names of their own, and are removed after a day",
}
RESULTS = "the operator named this bucket as one that results may be put into"
INPUTS = "the operator named this bucket as one that jobs read items from"


def acknowledge(stack: SkyburstStack) -> None:
    """Give the reasons."""
    _at(stack.storage.bucket, "S1", S1)
    _at(stack.storage.batches, "DDB3", DDB3)
    _at(stack.undelivered, "SQS3", SQS3)
    bucket = stack.get_logical_id(_resource(stack.storage.bucket))
    objects = {f"<{bucket}.Arn>{path}": reason for path, reason in (OBJECTS | MAP).items()}
    objects |= {f"arn:<AWS::Partition>:s3:::{name}/*": INPUTS for name in stack.settings.input_buckets}
    objects |= {
        f"arn:<AWS::Partition>:s3:::{name}/{keys}": RESULTS
        for name in stack.settings.result_buckets
        for keys in ("*", "*/process_results/*")
    }
    for submitted in stack.submission_buckets.buckets.values():
        _at(submitted, "S1", S1)
        own = stack.get_logical_id(_resource(submitted))
        objects |= {f"<{own}.Arn>{path}": reason for path, reason in SUBMITTED.items()}
        objects[f"arn:<AWS::Partition>:s3:::<{own}>/*"] = SUBMITTED["/*"]
    writes = {key for entry in stack.analyses for key in entry.found.blueprint.resources.writes}
    objects |= {f"<{bucket}.Arn>/{key}": WRITES for key in writes}
    states = "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:"
    prefix = stack.settings.prefix
    objects |= {
        states + name: EXECUTIONS for name in (f"{prefix}-jobs:*", f"{prefix}-batches:*", f"{prefix}-batches/*")
    }
    functions = "arn:<AWS::Partition>:lambda:<AWS::Region>:<AWS::AccountId>:function:"
    objects[functions + all_workers(prefix)] = WORKERS
    objects[f"arn:<AWS::Partition>:cloudformation:<AWS::Region>:<AWS::AccountId>:stack/{prefix}/*"] = STACK
    if stack.people is not None:
        _at_people(stack, stack.people)
    objects |= _at_web(stack, stack.web) if stack.web else {}
    _at(stack.batch_machine.machine, "SF1", SF1)
    if stack.environments:
        jobs = "arn:<AWS::Partition>:batch:<AWS::Region>:<AWS::AccountId>:"
        objects |= {f"{jobs}{kind}/{prefix}-*": BATCH_NAMES for kind in ("job-queue", "job-definition")}
        objects |= {f"{jobs}{pattern}": BATCH_JOBS for pattern in ("job/*", "job/*:*")}
        objects["arn:<AWS::Partition>:ec2:<AWS::Region>:<AWS::AccountId>:instance/*"] = DEVELOPERS
        hosts = "arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:"
        objects |= {f"{hosts}{kind}/*": MACHINES for kind in ("task", "container-instance")}
        _acknowledge_hosts(stack.environments)
    if stack.drift is not None:
        policy = stack.drift.node.find_child("LookPolicy")
        for action in READS:
            if "*" in action:
                _at(policy, f"IAM5[Action::{action}]", COMPARING)
    for construct in stack.node.find_all():
        if isinstance(construct, iam.ManagedPolicy | iam.Policy):
            _at(construct, "IAM5[Resource::*]", XRAY)
            for resource in _resources(construct):
                if resource in objects:
                    _at(construct, f"IAM5[Resource::{resource}]", objects[resource])
        elif isinstance(construct, lambda_.Function):
            _at(construct, "L1", L1)


def _at_web(stack: SkyburstStack, web: WebStack) -> dict[str, str]:
    """What the page has; the keys of objects that it adds, and why."""
    _at(web.site.bucket, "S1", S1)
    _at(web.table, "DDB3", LIMITS)
    for finding, reason in PAGE.items():
        _at(web.site.distribution, finding, reason)
    _at(web.users.pool, "COG2", COG2)
    _at(web.users.pool, "COG8", COG8)
    data = stack.get_logical_id(_resource(stack.storage.bucket))
    files = stack.get_logical_id(_resource(web.site.bucket))
    return {**{f"<{data}.Arn>{path}": reason for path, reason in WEB.items()}, f"<{files}.Arn>/*": SITE_FILES}


def _acknowledge_hosts(environments: Environments) -> None:
    _at(environments.network.vpc, "VPC7", VPC7)
    for role, policy in ((environments.host_role, ECS_POLICY), (environments.develop_role, SSM_POLICY)):
        _at(role, f"IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{policy}]", HOSTS)


def _at_people(stack: SkyburstStack, people: PeopleRole) -> None:
    for resource, reason in people.findings().items():
        written = _written(stack.resolve(resource)).replace("${", "<").replace("}", ">")  # as the rule writes variables
        _at(people.policy, f"IAM5[Resource::{written}]", reason)


def _at(construct: IConstruct, finding: str, reason: str) -> None:
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=f"{RULES}-{finding}", reason=reason))


def _resource(construct: IConstruct) -> cdk.CfnElement:
    found = construct.node.default_child
    assert isinstance(found, cdk.CfnElement)
    return found


def _resources(policy: iam.ManagedPolicy | iam.Policy) -> Iterator[str]:
    """Resources of a policy's statements as findings write them."""
    document = cdk.Stack.of(policy).resolve(policy.document)
    for statement in document["Statement"]:
        resources = statement["Resource"]
        yield from map(_written, resources if isinstance(resources, list) else [resources])


def _written(value: object) -> str:
    if isinstance(value, str):
        return value
    match value:
        case {"Ref": str(name)}:
            return f"<{name}>"
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Sub": str(text)}:
            return text
        case {"Fn::Join": [str(between), parts]} if isinstance(parts, Sequence):
            return between.join(map(_written, parts))
    raise TypeError(f"a resource of a policy is {value!r}")
