#!/usr/bin/env bash
# Runs glz generate against a real Ollama: builds the server from its Go module (needs go and a C++ compiler) unless `ollama` is on the
# path, makes a model of a GGUF file, generates a few examples in every mode through both providers, and stops the server.
#
#   npm run test:ollama -- FILE.gguf     a small instruct model in GGUF form
#   OLLAMA_THREADS=1                     threads of the CPU backend (use 1 where cores are shared)
set -euo pipefail
gguf=${1:?usage: npm run test:ollama -- FILE.gguf}
gguf=$(cd "$(dirname "$gguf")" && pwd)/$(basename "$gguf")
cd "$(dirname "$0")/.."
threads=${OLLAMA_THREADS:-2}
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || { pkill -P "$server" 2>/dev/null || true; kill "$server" 2>/dev/null || true; }; rm -rf "$work"' EXIT

ollama=$(command -v ollama || true)
if [ -z "$ollama" ]; then
  ollama=.cache/ollama/bin/ollama
  if [ ! -x "$ollama" ]; then
    echo "building Ollama (about 5 minutes)"
    mkdir -p .cache/ollama/bin
    CGO_ENABLED=1 CGO_CFLAGS="-O3 -march=x86-64-v3" CGO_CXXFLAGS="-O3 -march=x86-64-v3" GOBIN="$PWD/.cache/ollama/bin" go install github.com/ollama/ollama@v0.6.5
  fi
fi

port=$(node -e 'const s=require("node:net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
export OLLAMA_HOST=http://127.0.0.1:$port OLLAMA_MODELS=$work/models HOME=$work
"$ollama" serve >"$work/serve.log" 2>&1 &
server=$!
for _ in $(seq 60); do curl -fs "$OLLAMA_HOST" >/dev/null && break; sleep 0.5; done
printf 'FROM %s\n' "$gguf" >"$work/Modelfile"
cat scripts/ollama-template.txt >>"$work/Modelfile"
"$ollama" create glz-test -f "$work/Modelfile" >/dev/null

npm run build --silent
glz() { node bin/glz.js generate "$@"; }
lines() { grep -c . "$1"; }
echo "1. examples from nothing"
glz --model glz-test --ollama-threads "$threads" --concurrency 1 --count 4 --output "$work/examples.jsonl"
echo "2. goes on to more"
glz --model glz-test --ollama-threads "$threads" --concurrency 1 --count 6 --output "$work/examples.jsonl"
test "$(lines "$work/examples.jsonl")" = 6
echo "3. texts for given labels"
printf 'delivery problem\npraise\n' >"$work/labels.txt"
glz --model glz-test --ollama-threads "$threads" --concurrency 1 --labels-file "$work/labels.txt" --count 4 --output "$work/texts.jsonl"
echo "4. hard negatives for given texts"
glz --model glz-test --ollama-threads "$threads" --concurrency 1 --input "$work/texts.jsonl" --output "$work/negatives.jsonl"
test "$(lines "$work/negatives.jsonl")" = "$(lines "$work/texts.jsonl")"
echo "5. an unknown model says what to do"
glz --model no-such-model --count 1 --output "$work/none.jsonl" 2>"$work/err" && exit 1
grep -q 'ollama pull no-such-model' "$work/err"
echo "6. groq-sdk against Ollama's OpenAI-compatible endpoint"
node scripts/openai-proxy.mjs "$OLLAMA_HOST" >"$work/proxy-port" &
proxy=$!
trap '[ -z "$server" ] || { pkill -P "$server" 2>/dev/null || true; kill "$server" "$proxy" 2>/dev/null || true; }; rm -rf "$work"' EXIT
until [ -s "$work/proxy-port" ]; do sleep 0.1; done
GROQ_API_KEY=none GROQ_BASE_URL=http://127.0.0.1:$(cat "$work/proxy-port") glz --provider groq --model glz-test --concurrency 1 --count 2 --output "$work/groq.jsonl"
test "$(lines "$work/groq.jsonl")" = 2
echo "all passed"
