"""What the container of an environment runs first: gets the code of its analysis and the framework from S3, and runs it.

An image need not have more than Python: this is handed over as a program, in the command of the job definition, and uses the
standard library only. So it signs its one request itself, as AWS documents it (Signature Version 4), with the credentials that
ECS has for the role of the container.
"""

import datetime as dt
import hashlib
import hmac
import http.client
import io
import json
import os
import shutil
import stat
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path
from typing import NoReturn

ECS = "http://169.254.170.2"
TRIES = 6
WAIT_S = 60
NO_CODE = 75
"""Exit code when there is no code to run, which is no fault of the batch: AWS Batch is asked to run it somewhere else, with the
code that is deployed by then. A deployment may have replaced what this container was to get while it waited."""


def give_up(why: str) -> NoReturn:
    """End, so that the batch is tried again."""
    sys.stderr.write(f"{why}\n")
    sys.exit(NO_CODE)


def fetch(request: urllib.request.Request, sink: io.IOBase) -> None:
    """Write the body of an answer; what may pass is tried again."""
    where = request.full_url.partition("?")[0]
    for left in reversed(range(TRIES)):
        try:
            with urllib.request.urlopen(request, timeout=WAIT_S) as answer:  # noqa: S310 -- ECS and S3
                shutil.copyfileobj(answer, sink, 1 << 20)
            return
        except urllib.error.HTTPError as error:
            with error:
                said = error.read(2000).decode("utf-8", "replace")
            if error.code < 500 or not left:
                give_up(f"{where} answered {error.code}: {said}")
        except (OSError, http.client.HTTPException) as error:
            if not left:
                give_up(f"{where} cannot be reached: {error}")
        sink.seek(0)
        sink.truncate()
        time.sleep(2 ** (TRIES - left) / 4)


def credentials() -> dict[str, str]:
    """Of the container's role."""
    where = os.environ
    url = where.get("AWS_CONTAINER_CREDENTIALS_FULL_URI") or ECS + where["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]
    request = urllib.request.Request(url)  # noqa: S310 -- that of ECS
    if token := where.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"):
        request.add_header("Authorization", Path(token).read_text(encoding="utf-8").strip())
    answer = io.BytesIO()
    fetch(request, answer)
    found: dict[str, str] = json.loads(answer.getvalue())
    return found


def signed(url: str, region: str, who: dict[str, str], now: dt.datetime) -> urllib.request.Request:
    """A request for an object, signed."""
    parts = urllib.parse.urlsplit(url)
    moment, day = f"{now:%Y%m%dT%H%M%SZ}", f"{now:%Y%m%d}"
    empty = hashlib.sha256(b"").hexdigest()
    headers = {"host": parts.netloc, "x-amz-content-sha256": empty, "x-amz-date": moment}
    if who.get("Token"):
        headers["x-amz-security-token"] = who["Token"]
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = f"GET\n{parts.path}\n\n{lines}\n{names}\n{empty}"
    scope = f"{day}/{region}/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = ("AWS4" + who["SecretAccessKey"]).encode()
    for part in (*scope.split("/"), text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    credential = f"Credential={who['AccessKeyId']}/{scope}"
    headers["authorization"] = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={key.hex()}"
    return urllib.request.Request(url, headers=headers)  # noqa: S310 -- that of S3


def unpack(archive: Path, folder: Path) -> None:
    """The files of a zip, with their permissions."""
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            path = Path(opened.extract(entry, folder))
            mode = stat.S_IMODE(entry.external_attr >> 16)
            if mode and not entry.is_dir():
                path.chmod(mode | stat.S_IRUSR)


def main() -> None:
    """Become the program of the analysis."""
    where = os.environ
    own, wanted = f"{sys.version_info[0]}.{sys.version_info[1]}", where["SKYBURST_PYTHON"]
    if own != wanted:
        sys.exit(f"python3 of the image is Python {own}, and the code of this deployment is for Python {wanted}")
    server = where.get("AWS_ENDPOINT_URL_S3") or where.get("AWS_ENDPOINT_URL") or where["SKYBURST_S3"]
    folder = Path(tempfile.mkdtemp(prefix="skyburst-"))
    archive, code = folder / "bundle.zip", folder / "code"
    who = credentials()
    for bundle in where["SKYBURST_BUNDLES"].split():
        bucket, _, key = bundle.removeprefix("s3://").partition("/")
        url = f"{server.rstrip('/')}/{bucket}/{urllib.parse.quote(key)}"
        with archive.open("wb") as file:
            fetch(signed(url, where["AWS_REGION"], who, dt.datetime.now(dt.UTC)), file)
        unpack(archive, code)
        archive.unlink()
    words = [sys.executable, "-m", *where["SKYBURST_PROGRAM"].split()]
    path = f"{code}{os.pathsep}{code / 'python'}"  # the latter is where the layer of functions has what they import
    variables = {"SKYBURST_FOLDER": str(code / "analysis"), **where, "PYTHONPATH": path}
    os.execve(sys.executable, words, variables)  # noqa: S606 -- its own interpreter


if __name__ == "__main__":
    main()
