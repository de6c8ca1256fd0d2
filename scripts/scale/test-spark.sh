#!/usr/bin/env bash
# Runs scale/python on Spark in local mode, and on Ray Data where it is installed, against glz predict: equal scores, and texts a second of a
# core. Needs Java (Debian: default-jre-headless) and Python 3.10 or newer.
#
#   npm run test:spark
#   PYTHON=...     a Python with pyspark, pandas, pyarrow, onnxruntime, tokenizers, and ray if it is to be tested; one is made in .cache/spark
#                  unless given (600 MB)
#   TEXTS=4000 ROUNDS=3
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v java >/dev/null || { echo "needs Java: apt-get install default-jre-headless" >&2; exit 1; }
if [ -z "${PYTHON:-}" ]; then
  PYTHON=$PWD/.cache/spark/bin/python
  [ -x "$PYTHON" ] || python3 -m venv .cache/spark
  "$PYTHON" -m pip install --quiet pyspark 'pandas<3' pyarrow onnxruntime tokenizers
  "$PYTHON" -m pip install --quiet 'ray[data]' || echo "Ray cannot be installed here"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm run build --silent
node scripts/scale/make-texts.mjs "$((${TEXTS:-4000} + 1000))" >"$work/texts.jsonl"
node bin/glz.js export --output "$work/exported" --precision fp32 >/dev/null 2>&1
"$PYTHON" scripts/scale/spark-test.py "$PWD" "$work" "${TEXTS:-4000}" "${ROUNDS:-3}" 2> >(grep -v -e WARN -e 'Spark.s default log4j' -e 'To adjust logging' -e 'Using incubator' >&2)
