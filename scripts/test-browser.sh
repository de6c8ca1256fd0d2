#!/usr/bin/env bash
# Opens the page of glz serve in headless Chromium: types, drops files, sorts, downloads, goes by keyboard, light and dark; checks with
# axe-core, and that no request leaves loopback. Screenshots at phone and desk width are written to .cache/page.
#
#   npm run test:browser
#   CHROMIUM=/path/to/chrome     another than `chromium` on the path (Debian: apt-get install chromium)
set -euo pipefail
cd "$(dirname "$0")/.."
CHROMIUM=${CHROMIUM:-$(command -v chromium || true)}
[ -x "$CHROMIUM" ] || { echo "$0: no Chromium: put chromium on the path, or its path into CHROMIUM" >&2; exit 1; }
export CHROMIUM GLZ_SCREENSHOTS=$PWD/.cache/page
mkdir -p "$GLZ_SCREENSHOTS"
npm run build --silent
node --experimental-vm-modules --no-warnings node_modules/jest/bin/jest.js --runInBand --testMatch '**/*.browser.ts' "$@"
echo "screenshots in $GLZ_SCREENSHOTS"
