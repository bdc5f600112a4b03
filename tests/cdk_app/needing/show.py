"""What a test has run in an environment: says where it is, and what it may do."""

import json
import os
import sys

import skyburst
from skyburst.errors import SkyburstError
from skyburst.objects import open_store

store = open_store(f"s3://{os.environ['SKYBURST_BUCKET']}")
refused = []
for key in ("jobs/J/datasets/00000000/results/a", "jobs/J/partials/a", "jobs/J/result.json", "libraries/a"):
    try:
        store.put(key, b"x")
    except SkyburstError:
        refused.append(key)
variables = {name: value for name, value in os.environ.items() if name.startswith("SKYBURST_")}
print(json.dumps({"version": skyburst.__version__, "path": sys.path, "refused": refused, "variables": variables}))
