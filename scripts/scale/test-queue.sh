#!/usr/bin/env bash
# Runs scale/bullmq on a real Valkey or Redis (Debian: valkey-server or redis-server; started here, on loopback, and ended). BullMQ is no
# dependency of glz: npm installs it in a folder that goes afterwards.
#
#   npm run test:queue
#   TEXTS=1500
set -euo pipefail
cd "$(dirname "$0")/../.."
project=$PWD
server=$(command -v valkey-server || command -v redis-server || true)
[ -n "$server" ] || { echo "needs Valkey or Redis: apt-get install valkey-server, or redis-server" >&2; exit 1; }
work=$(mktemp -d)
started=
trap '[ -z "$started" ] || { kill "$started" 2>/dev/null || true; wait "$started" 2>/dev/null || true; }; rm -rf "$work"' EXIT
npm run build --silent
node scripts/scale/make-texts.mjs "${TEXTS:-1500}" >"$work/texts.jsonl"
cp scale/bullmq/*.mjs scripts/scale/queue-test.mjs "$work/"
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --ignore-scripts --no-audit --no-fund --silent $(node -p "const {dependencies:{gliznet,...all}}=JSON.parse(require('fs').readFileSync('$project/scale/bullmq/package.json'));Object.entries(all).map((each)=>each.join('@')).join(' ')")
ln -s "$project" node_modules/gliznet
port=$(node -e 'const s=require("node:net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
"$server" --port "$port" --bind 127.0.0.1 --save '' --appendonly no --maxmemory-policy noeviction --dir "$work" >"$work/server.log" &
started=$!
echo "$("$server" --version | cut -d' ' -f1-3), BullMQ $(node -p 'require("bullmq/package.json").version')"
for _ in $(seq 50); do grep -qi 'ready to accept' "$work/server.log" && break; sleep 0.1; done
REDIS_URL=redis://127.0.0.1:$port node queue-test.mjs "$project" "$work"
