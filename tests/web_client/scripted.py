"""A command to try pages with: what it does is in its data and its configuration."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import need, needed
from tests.web_client.conftest import Site, serving

BLUEPRINT = """
blueprint = 1
name = "count-words"
version = "1.2.0"
title = "Count words"
description = "Counts the words of texts, and waits for a gate."
command = ["bash", "run.sh"]
links = { Paper = "https://example.org/paper", "Source code" = "https://example.org/code" }

[environment]
memory_mb = 512
timeout_min = 2

[presets.many]
title = "Many lines"
description = "A long log."
[presets.many.parameters]
lines = 5000

[parameters.gate]
order = 1
type = "string"
default = ""
title = "Gate"
description = "A file without which it does not end."

[parameters.lines]
order = 2
type = "integer"
minimum = 1
maximum = 100000
default = 3
title = "Lines"
description = "Of its log."
"""
SCRIPT = r"""
set -e
gate=$(skyburst-env get-config gate)
lines=$(skyburst-env get-config lines)
skyburst-env progress 0.4 "counting"
seq -f "line %.0f is counted" 1 "$lines"
while [ -n "$gate" ] && [ ! -e "$gate" ]; do sleep 0.1; done
if grep -q unreadable "$SKYBURST_INPUTS"/*; then echo "this text is unreadable" >&2; exit 7; fi
mkdir "$SKYBURST_RESULTS/tables"
cat "$SKYBURST_INPUTS"/* | wc -w > "$SKYBURST_RESULTS/tables/words.txt"
printf 'text,words\n"a, b",3\n' > "$SKYBURST_RESULTS/tables/words.csv"
echo '{"words":[1,2]}' > "$SKYBURST_RESULTS/words.json"
echo '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20"/></svg>' \
    > "$SKYBURST_RESULTS/plot.svg"
cat > "$SKYBURST_RESULTS/report.html" <<'PAGE'
<!doctype html><p id="told"></p>
<script>
let cookie; try { cookie = String(document.cookie) } catch { cookie = "kept from it" }
document.getElementById("told").textContent = "cookie: " + cookie
</script>
PAGE
"""


@contextmanager
def scripted_site(folder: Path) -> Iterator[Site]:
    """A server that has the analysis, and no library."""
    from skyburst.web.client import client_folder

    needed("litestar")
    need(client_folder() is not None, "the client is not built: `make client`")
    analysis = folder / "analyses" / "count-words"
    analysis.mkdir(parents=True)
    (analysis / "blueprint.toml").write_text(BLUEPRINT)
    (analysis / "run.sh").write_text(SCRIPT)
    (folder / "libraries").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKYBURST_PATH", str(folder / "analyses"))
        with serving(folder, folder) as site:
            yield site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with one analysis that is a command."""
    with scripted_site(tmp_path_factory.mktemp("site")) as found:
        yield found
