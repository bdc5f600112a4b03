"""Blueprints as NeuroCAAS describes them, in the forms that its generations have: written for these tests."""

from __future__ import annotations

import json
from typing import Any

WORKFLOW = (
    'cd /home/ubuntu; sudo -u ubuntu tools/run_main_cli.sh "{}" "{}" "{}" "{}" models/run_track.sh; . end.sh; cleanup'
)
CONFIG: dict[str, Any] = {
    "AMI": "ami-0123456789abcdef0", "INSTANCE_TYPE": "p3.2xlarge", "REGION": "us-east-1", "IAM_ROLE": "Role",
    "SECURITY_GROUPS": "group-1", "KEY_NAME": "key", "WORKING_DIRECTORY": "~/bin", "COMMAND": WORKFLOW,
    "SHUTDOWN_BEHAVIOR": "terminate", "CONFIG": "config.yaml", "MISSING_CONFIG_ERROR": "none", "EXECUTION_TIMEOUT": 900,
    "SSM_TIMEOUT": 172000, "LAUNCH": True, "LOGFILE": "log.txt", "DEPLOY_LIMIT": 100, "MAXCOST": "300", "MONITOR": True,
}  # fmt: skip
GROUPS: list[dict[str, Any]] = [
    {
        "AffiliateName": "lab", "UserNames": ["ada", "grace@lab.org"], "PipelinePath": "", "PipelineDir": "folder",
        "UserInput": True, "ContactEmail": "The address to be told.",
    }
]  # fmt: skip


def document(config: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A blueprint; `config` changes what the machine has, None in it leaves a field out."""
    machine = {name: value for name, value in {**CONFIG, **(config or {})}.items() if value is not None}
    manager = {
        "CodeUri": "../../protocols",
        "Handler": "submit_start.handler_develop",
        "Launch": True,
        "LambdaConfig": machine,
    }
    whole = {
        "PipelineName": "tracking-web", "REGION": "us-east-1", "STAGE": "websubstack",
        "Lambda": {**manager, **changes.pop("manager", {})}, "UXData": {"Affiliates": GROUPS}, **changes,
    }  # fmt: skip
    return {name: value for name, value in whole.items() if value is not None}


VARIATIONS: dict[str, dict[str, Any]] = {
    "as described": document(),
    "without a stage": document(STAGE=None),
    "numbers as text": document({"SSM_TIMEOUT": "172000", "DEPLOY_LIMIT": "20", "MAXCOST": "600"}),
    "the budget outside": document({"MAXCOST": None}, MAXCOST="maximum cost for each user (integer)"),
    "no limits": document({"DEPLOY_LIMIT": None, "MAXCOST": None, "SSM_TIMEOUT": None, "LAUNCH": None, "MONITOR": None}),
    "a template that nobody filled in": document(
        {"AMI": "instance id", "INSTANCE_TYPE": "default instance type", "MAXCOST": "cost before lockout. 300 by default."},
        PipelineName="bucket name. must be lowercase alphanumeric (dashes okay)", REGION="AWS region code",
        UXData={"Affiliates": [{"AffiliateName": "Name here.", "UserNames": "[list of strings]", "UserInput": "A Boolean"}]},
    ),
    "a script that is not filled in": document(
        {"COMMAND": 'cd /home/ubuntu; tools/run_main_cli.sh "{}" "{}" "{}" "{}" {write script here}; cleanup'}
    ),
    "three places and the end of the machine": document({"COMMAND": '/home/ubuntu/bin/run.sh "{}" "{}" "{}"; sudo poweroff'}),
    "eight places without quotes": document({"COMMAND": "/home/ubuntu/bin/run.sh {} {} {} {} {} {} {} {}"}, PipelineVersion="1"),
    "the way there by parents": document({"COMMAND": 'ls; cd ../../../../home/ubuntu; bin/run.sh "{}" "{}" "{}" "{}"'}),
    "a relative folder": document({"COMMAND": 'ls; cd home/ec2-user/; bin/run.sh "{}" "{}" "{}"'}),
    "a script that is told": document(
        {"COMMAND": 'cd /home/ubuntu/; source .bashrc; tools/run_main.sh "{}" "{}" "{}" "{}" make/run_label.sh'}
    ),
    "a runner that knows its script": document({"COMMAND": 'cd /home/ubuntu; tools/run_main.sh "{}" "{}" "{}" "{}"; . end.sh'}),
    "a program in Python": document(
        {"COMMAND": 'cd /home/ubuntu; sudo -u ubuntu tools/run_main_cli.sh "{}" "{}" "{}" "{}" "fit/run_main.py"; . end.sh;'}
    ),
    "an old GPU": document({"INSTANCE_TYPE": "p2.8xlarge"}),
    "a machine that is not known": document({"INSTANCE_TYPE": "x9.metal"}),
    "what follows": document(
        manager={"PostCodeUri": "../../protocols", "PostHandler": "after.done", "PostTrigger": "x.json", "Requirements": "r.txt"}
    ),
    "results of another": document(UXData={"Affiliates": [{**GROUPS[0], "UserInput": False}]}),
    "no answer whether there is input": document(UXData={"Affiliates": [{"AffiliateName": "lab", "UserNames": ["ada"]}]}),
    "no groups": document(UXData=None),
    "no machine": {"PipelineName": "bare", "Lambda": {"Handler": "x.y"}},
    "fields of a developer's machine": document(image_history=["a"], develop_history=[], localenv="/x", script="run.sh", odd=1),
}  # fmt: skip


def text_of(name: str) -> str:
    """A variation as a file; some begin with a mark of their encoding."""
    return ("\ufeff" if name == "without a stage" else "") + json.dumps(VARIATIONS[name], indent=4)
