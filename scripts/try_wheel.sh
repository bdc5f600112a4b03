#!/usr/bin/env bash
# Build the wheel, install it where there is no checkout, and run analyses that it ships.
set -euo pipefail
cd "$(dirname "$0")/.."
python="$PWD/.venv/bin/python"
requirements="$PWD/requirements/run.txt"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" -m pip --disable-pip-version-check wheel --quiet --no-deps --no-build-isolation --wheel-dir "$work" .

cd "$work"
"$python" -m venv fresh
fresh/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r "$requirements"
fresh/bin/python -m pip --disable-pip-version-check install --quiet --no-deps ./skyburst-*.whl
export PATH="$work/fresh/bin:$PATH" SKYBURST_HOME="$work/state"
unset PYTHONPATH

timeout 120 skyburst doctor
timeout 120 skyburst run monte-carlo --set blocks=20 --quiet --json pi.json
timeout 120 skyburst library generate brains --images 24 --quiet
mask=$(find brains/masks -name '*.tif' | sort | head -n 1)
timeout 120 skyburst run color-depth-search --set "mask=$mask" --set library=brains/images --quiet --output found
test -s found/matches.html
skyburst serve --port 0 --libraries brains > served.txt 2> serve-errors.txt &
server=$!
for _ in $(seq 100); do grep -q "^open " served.txt && break; sleep 0.1; done
timeout 20 python - "$(sed -n 's/^open //p' served.txt)" <<'END'
import http.cookiejar
import sys
import urllib.request

browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
with browser.open(sys.argv[1]) as page:
    text = page.read().decode()
assert '<div id="root">' in text, text
END
kill -INT "$server"
wait "$server" || true
printf 'analysis: DLC\npricetag_cost: cluster_default\nsupport_cost: cluster_default\n' > cluster.yaml
timeout 60 skyburst cost compare cluster.yaml > costs.txt
grep -q "3,656 USD" costs.txt
timeout 60 python - <<'END'
import json
import pathlib

import skyburst
from skyburst.finding import find_analysis

assert "fresh" in skyburst.__file__, skyburst.__file__
for name in ("color-depth-search", "monte-carlo", "word-statistics"):
    assert find_analysis(name).origin == "shipped"
found = json.loads(pathlib.Path("pi.json").read_text())
assert abs(found["integral"] - found["exact"]) < 5 * found["standard_error"], found
print("the wheel works:", pathlib.Path(skyburst.__file__).parent)
END
