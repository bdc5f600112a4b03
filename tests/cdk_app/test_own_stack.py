"""The constructs in somebody else's CDK app: the sample of the documentation."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from skyburst.cli.deploying import app_folder
from tests.conftest import REPOSITORY, need
from tests.deployed.world import context


def test_analyses_are_made_in_a_stack_of_ones_own(tmp_path: Path) -> None:
    need(importlib.util.find_spec("aws_cdk") is not None, "aws-cdk-lib is not installed (the extra `aws`)")
    need(shutil.which("node") is not None, "there is no `node`")
    chosen = context(analyses="word-statistics,monte-carlo", lanes=2)
    variables = {
        "PYTHONPATH": str(app_folder()), "CDK_OUTDIR": str(tmp_path / "out"), "CDK_CONTEXT_JSON": json.dumps(chosen),
    }  # fmt: skip
    sample = REPOSITORY / "docs" / "samples" / "own_stack.py"
    ran = subprocess.run(
        [sys.executable, sample],
        cwd=tmp_path,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    template = json.loads((tmp_path / "out" / "lab.template.json").read_text())
    resources = template["Resources"].values()
    functions = {one["Properties"]["FunctionName"] for one in resources if one["Type"] == "AWS::Lambda::Function"}
    assert functions == {
        "lab-plan", "lab-watch", "lab-manager", "lab-word-statistics-worker-0", "lab-word-statistics-worker-1",
        "lab-word-statistics-combiner", "lab-monte-carlo-worker-0", "lab-monte-carlo-worker-1", "lab-monte-carlo-combiner",
    }  # fmt: skip
    may = [
        statement["Action"]
        for one in resources
        if one["Type"] == "AWS::IAM::Policy" and one["Properties"]["PolicyName"].startswith("Students")
        for statement in one["Properties"]["PolicyDocument"]["Statement"]
    ]
    assert "states:StartExecution" in may
