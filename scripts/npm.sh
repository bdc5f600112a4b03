#!/bin/sh
# npm of a Node that can build the web client: this machine's, else one in the virtual environment: scripts/npm.sh VENV ARGUMENT...
set -eu

venv="$1"
shift
new_enough='const [major, minor] = process.versions.node.split("."); process.exit(major > 20 || (major == 20 && minor >= 19) ? 0 : 1)'
if ! command -v npm >/dev/null || ! node -e "$new_enough" 2>/dev/null; then
    PATH="$(cd "$venv" && pwd)/bin:$PATH"
    export PATH
    if ! [ -x "$venv/bin/npm" ]; then
        echo "installing Node into $venv, with which the web client is built"
        "$venv/bin/python" -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements/node.txt
    fi
fi
exec npm "$@"
