"""What synth writes, once for all tests of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import need
from tests.deployed.world import context

Template = dict[str, Any]


@pytest.fixture(scope="session")
def synth(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Synthesises the app for a context; answers the folder of what it wrote."""
    import importlib.util
    import shutil

    need(importlib.util.find_spec("aws_cdk") is not None, "aws-cdk-lib is not installed (the extra `aws`)")
    need(shutil.which("node") is not None, "there is no `node`")

    @cache
    def written(**more: Any) -> Path:
        from cdk_app.app import make_app

        folder = tmp_path_factory.mktemp("assembly")
        make_app(context(**more), str(folder)).synth()
        return folder

    return written


@pytest.fixture(scope="session")
def template_of(synth: Callable[..., Path]) -> Callable[..., Template]:
    """The template for a context."""

    def read(**more: Any) -> Template:
        template: Template = json.loads((synth(**more) / "skyburst.template.json").read_text(encoding="utf-8"))
        return template

    return read


@pytest.fixture(scope="session")
def template(template_of: Callable[..., Template]) -> Template:
    """The template as it is when nothing is chosen."""
    return template_of()


@pytest.fixture(scope="session")
def monitored(template_of: Callable[..., Template]) -> Template:
    """The template with everything that can be chosen."""
    return template_of(
        monitoring="full", alarm_email="operator@example.org", reserved_concurrency="100", log_days="7",
        tags="team=imaging,grant=42", input_buckets="images", batch_events="none",
        input_keys="arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab", engine_concurrency="5",
        budget_usd="500", budget_email="payer@example.org",
    )  # fmt: skip
