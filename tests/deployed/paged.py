"""A deployment with a page, and what tests do as its operator and as its users."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from skyburst.homes.aws.signing_in import page_of
from tests.conftest import need
from tests.deployed.world import World, context
from tests.local_cloud.web_world import srp_sign_in

PREFIX = "paged"
CHOSEN = "Correct-Horse-7"
"""The password that users choose."""


@dataclass
class Page(World):
    """A deployment with a page."""

    @property
    def address(self) -> str:
        """Of the page."""
        return page_of(self.outputs)

    def skyburst(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command as the operator."""
        variables = {**os.environ, **self.cloud.variables(), "SKYBURST_PREFIX": PREFIX}
        command = [sys.executable, "-m", "skyburst", *arguments]
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)

    def get(self, path: str, token: str | None = None) -> httpx.Response:
        """What is at a path."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.get(f"{self.address}{path}", headers=headers, timeout=60)

    def invite(self, name: str, *more: str) -> str:
        """Invite somebody; the password in the mail."""
        ended = self.skyburst("people", "invite", name, "--email", f"{name}@example.org", *more)
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.strip() == self.address
        mail = self.cloud.mails()[-1]
        assert mail.to == f"{name}@example.org"
        return str(mail.text.rpartition(" ")[2])

    def invited(self, name: str, *more: str) -> str:
        """Invite somebody, who signs in for the first time; the ID token."""
        sent = self.invite(name, *more)
        cognito, client = self.cloud.client("cognito-idp"), self.outputs["UserPoolClient"]
        asked = srp_sign_in(cognito, self.outputs["UserPool"], client, name, sent)
        tokens = cognito.respond_to_auth_challenge(
            ClientId=client, ChallengeName=asked["ChallengeName"], Session=asked["Session"],
            ChallengeResponses={"USERNAME": name, "NEW_PASSWORD": CHOSEN},
        )  # fmt: skip
        return str(tokens["AuthenticationResult"]["IdToken"])


def needed_to_assemble() -> None:
    """Skip without what synth needs, or fail in CI."""
    need(importlib.util.find_spec("aws_cdk") is not None, "aws-cdk-lib is not installed (the extra `aws`)")
    need(shutil.which("node") is not None, "there is no `node`, which the CDK runs on")


def assembled(folder: Path, **more: Any) -> Path:
    """What synth writes for such a deployment; the folder.

    Args:
        folder: where to.
        more: settings.
    """
    from cdk_app.app import make_app

    make_app(context(prefix=PREFIX, **more), outdir=str(folder)).synth()
    return folder
