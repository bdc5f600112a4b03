"""A cloud starts with a moto that it knows, alone in its process, and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import psutil
import pytest

from skyburst.errors import Invalid, LocalCloudBusy, WrongVersion
from skyburst.local_cloud import LocalCloud, patches
from skyburst.local_cloud.unpacking import Archive, Unpacked, unpack
from tests.local_cloud.helpers import zip_of
from tests.waiting import PATIENCE_S


def test_there_is_one_cloud_in_a_process(cloud: LocalCloud) -> None:
    with pytest.raises(LocalCloudBusy):
        LocalCloud().start()
    assert cloud.client("sts").get_caller_identity()["Arn"].endswith("user/administrator")


def test_it_listens_on_this_machine_only(cloud: LocalCloud) -> None:
    assert cloud.endpoint.startswith("http://127.0.0.1:")
    port = int(cloud.endpoint.rpartition(":")[2])
    addresses = {one.laddr.ip for one in psutil.Process().net_connections() if one.laddr and one.status == "LISTEN"}
    assert addresses == {"127.0.0.1"}
    assert port in {one.laddr.port for one in psutil.Process().net_connections() if one.laddr}


def test_everything_that_is_changed_in_moto_is_looked_for_first(monkeypatch: pytest.MonkeyPatch) -> None:
    patches.check()
    gone = patches.Patch("moto.awslambda.models", "LambdaFunction.gone", lambda original: original)
    elsewhere = patches.Patch("moto.nowhere", "x", lambda original: original)
    monkeypatch.setattr(patches, "PATCHES", (*patches.PATCHES, gone, elsewhere))
    with pytest.raises(WrongVersion) as caught:
        patches.check()
    assert "moto.awslambda.models.LambdaFunction.gone, moto.nowhere.x" in str(caught.value)
    assert f"install moto=={patches.MOTO}" in str(caught.value)


def test_without_moto_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise patches.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(patches.importlib.metadata, "version", missing)
    with pytest.raises(WrongVersion, match=r"skyburst\[cloud\]"):
        patches.check()


@pytest.mark.parametrize("name", ["../outside", "/absolute", "a/../../outside", "a\\..\\b"])
def test_a_zip_cannot_leave_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid, match="leaves its folder"):
        unpack(zip_of({"good": "x", name: "x"}), tmp_path / "in")
    assert not (tmp_path / "outside").exists()


def test_a_link_in_a_zip_is_a_file(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        opened.writestr(link, "/etc/passwd")
    folder = Unpacked(tmp_path).of([Archive("1", archive.read_bytes())])
    assert not (folder / "link").is_symlink()
    assert (folder / "link").read_text(encoding="utf-8") == "/etc/passwd"


def test_it_is_imported_by_nothing_else() -> None:
    code = "import skyburst, skyburst.cli.main, sys; print([m for m in sys.modules if m.split('.')[0] in ('moto', 'boto3')])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    assert ran.stdout.strip() == "[]"


WHOLE_LIFE = """
import tempfile, threading, time
from pathlib import Path
import psutil
from skyburst.local_cloud import LocalCloud
from tests.local_cloud.helpers import invoke, put_function

for _ in range(2):
    with LocalCloud() as cloud:
        name = put_function(cloud, "def handler(event, context): return 1")
        assert len(cloud.client("lambda").list_functions()["Functions"]) == 1
        assert invoke(cloud, name) == (None, 1)
        function = put_function(cloud, "import time\\ndef handler(event, context): time.sleep(60)", Timeout=90)
        cloud.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=b"{}")
        role = cloud.put_role("states", "states.amazonaws.com", [])
        definition = '{"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 600, "End": true}}}'
        states = cloud.client("stepfunctions")
        arn = states.create_state_machine(name="m", definition=definition, roleArn=role)["stateMachineArn"]
        states.start_execution(stateMachineArn=arn)
        time.sleep(0.5)
        assert psutil.Process().children()
    assert not psutil.Process().children(recursive=True)
    until = time.monotonic() + 60
    while len(threading.enumerate()) > 1 and time.monotonic() < until:
        time.sleep(0.1)
    assert threading.enumerate() == [threading.main_thread()], threading.enumerate()
    assert not list(Path(tempfile.gettempdir()).glob("skyburst-cloud-*"))
print("ended")
"""


def test_it_can_be_started_again_and_leaves_nothing_behind(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WHOLE_LIFE],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        env={"TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
        cwd=Path(__file__).resolve().parents[2],
    )
    assert ran.stdout == "ended\n", ran.stderr
