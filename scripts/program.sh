#!/bin/sh
# Make sure that there is a program that tests need: scripts/program.sh WHY PACKAGE NAME...
# PACKAGE is Debian's; any one of the names will do.
set -eu

why="$1"
package="$2"
shift 2
for name in "$@"; do
    if command -v "$name" >/dev/null; then exit 0; fi
done

as_root=
[ "$(id -u)" -eq 0 ] || as_root="sudo -n"

if command -v apt-get >/dev/null && $as_root true 2>/dev/null; then
    echo "installing $package, $why"
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null
    exit 0
fi

echo "There is no $1, $why. Install it (on Debian: apt-get install $package)." >&2
if [ -n "${CI:-}" ]; then exit 1; fi
echo "The tests that need it are skipped." >&2
