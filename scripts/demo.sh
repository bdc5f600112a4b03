#!/bin/sh
# Search a library for neurons: makes a library of brain images, searches it, opens the page of matches.
# BIN is the folder of the program, DEMO that of the images, IMAGES how many.
set -eu

skyburst="${BIN:-.venv/bin}/skyburst"
demo="${DEMO:-demo}"
images="${IMAGES:-1000}"
export SKYBURST_HOME="${SKYBURST_HOME:-$(mkdir -p "$demo" && cd "$demo" && pwd)/state}"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }

say "1. $images images of made-up neurons in a fly's brain, and masks to search with"
"$skyburst" library generate "$demo/generated" --images "$images" --seed 1

say "2. Build a library of them"
"$skyburst" library build "$demo/generated/images" "$demo/library" --name "generated brains"

set --
for mask in "$demo"/generated/masks/*.tif; do set -- "$@" --set "mask=$mask"; done
say "3. Search it for the neurons in $demo/generated/masks"
"$skyburst" run color-depth-search "$@" --set library="$demo/library" --output "$demo/results"

page="$(cd "$demo/results" && pwd)/matches.html"
say "4. The matches, as pictures: $page"
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && command -v xdg-open >/dev/null; then
    xdg-open "$page" >/dev/null 2>&1 || true  # the path is printed, whether or not a browser opens
elif [ "$(uname)" = Darwin ] && [ -z "${SSH_CONNECTION:-}" ]; then
    open "$page" || true
else
    echo "open it in a browser"
fi
echo "The job is kept in $SKYBURST_HOME: SKYBURST_HOME=$SKYBURST_HOME $skyburst result last"

say "The program is ${BIN:-.venv/bin}/skyburst; to call it by name: . ${BIN:-.venv/bin}/activate"
