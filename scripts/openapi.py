"""Write the OpenAPI document of the API into the client, whose types are made of it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec

from skyburst.homes.local.home import LocalHome
from skyburst.web.app import make_app
from skyburst.web.libraries import LocalLibraries
from skyburst.web.quota import LocalQuota
from skyburst.web.service import Service
from skyburst.web.uploads import LocalUploads

FILE = Path(__file__).parents[1] / "web" / "client" / "openapi.json"


def main() -> None:
    """Nothing is served: the document is the same at every home."""
    with tempfile.TemporaryDirectory() as folder:
        nowhere = Path(folder)
        service = Service(
            lambda: LocalHome(nowhere), LocalUploads(nowhere, 1), LocalLibraries([]), nowhere, LocalQuota(nowhere)
        )
        document = make_app(service).openapi_schema.to_schema()
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(document, order="sorted"), indent=1) + b"\n")


if __name__ == "__main__":
    main()
