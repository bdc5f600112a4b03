#!/bin/sh
# Make sure that there is a Chromium, in which the tests look at the result page.
set -eu

for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then exit 0; fi
done

as_root=
[ "$(id -u)" -eq 0 ] || as_root="sudo -n"

if command -v apt-get >/dev/null && $as_root true 2>/dev/null; then
    echo "installing chromium, in which the tests look at the result page"
    $as_root env DEBIAN_FRONTEND=noninteractive sh -c \
        'apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null'
    exit 0
fi

echo "There is no Chromium, in which the tests look at the result page. Install it (on Debian: apt-get install chromium)." >&2
if [ -n "${CI:-}" ]; then exit 1; fi
echo "The tests that need it are skipped." >&2
