#!/usr/bin/env bash
# Sets TensorFlow's CPU build up with `glz setup-gpu --cpu` (needs a network, g++ and Python with pip; about 0.3 GB) and compares training on
# it with the CPU engine: losses, gradients, moments and parameters of tiny models, then a run of the command.
#
#   npm run test:tensorflow                             in a temporary folder
#   GLZ_TENSORFLOW=FOLDER npm run test:tensorflow       in a folder that stays
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GLZ_CACHE=$work/cache GLZ_TENSORFLOW=${GLZ_TENSORFLOW:-$work/tensorflow}
npm run build --silent

echo "1. setup-gpu --cpu"
node bin/glz.js setup-gpu --cpu
echo "2. a second run only checks"
node bin/glz.js setup-gpu --cpu 2>&1 | grep 'nothing to do'
echo "3. a run that is killed leaves the build that was there"
# With what it started, in a process group of its own: an npm that lives on would write into the folder that the next run removes.
set -m
node bin/glz.js setup-gpu --cpu --force >"$work/killed" 2>&1 &
killed=$!
set +m
until grep -qs installing "$work/killed"; do sleep 0.2; done
kill -9 -- "-$killed"
wait "$killed" 2>/dev/null || true
node bin/glz.js setup-gpu --cpu 2>&1 | grep 'nothing to do'
test -z "$(find "$(dirname "$GLZ_TENSORFLOW")" -maxdepth 1 -name '*.tmp')"
echo "4. parity with the CPU engine"
node --experimental-vm-modules --no-warnings node_modules/jest/bin/jest.js -w 1 --testMatch '**/tests/devices/tensorflow.device.ts'
echo "5. glz train: the same steps on both"
for device in cpu tensorflow; do
  node bin/glz.js train --encoder tests/fixtures/encoders/bert --data datasets/generated-sample/examples.jsonl --output "$work/$device" \
    --device "$device" --max-steps 20 --batch-size 4 --set save_every=10 --set loss.distill_weight=0.1 --set accumulation=2 --set dropout=0.1 \
    --set max_text_tokens=24 --set optimizer.freeze_embeddings=true --set keep_states=true --quiet
done
node bin/glz.js train --encoder tests/fixtures/encoders/bert --data datasets/generated-sample/examples.jsonl --output "$work/tensorflow" \
  --device tensorflow --max-steps 20 --batch-size 4 --set save_every=10 --set loss.distill_weight=0.1 --set accumulation=2 --set dropout=0.1 \
  --set max_text_tokens=24 --set optimizer.freeze_embeddings=true --set keep_states=true --quiet --resume
node scripts/compare-checkpoints.mjs "$work/cpu/final" "$work/tensorflow/final" 1e-5
echo "6. the same of the kind that ships, whose labels share rows"
for device in cpu tensorflow; do
  node bin/glz.js train --config late --encoder tests/fixtures/encoders/bert --data datasets/generated-sample/examples.jsonl \
    --output "$work/late-$device" --device "$device" --max-steps 7 --batch-size 4 --set save_every=3 --set max_text_tokens=24 --set dropout=0.1 \
    --set keep_states=true --quiet
done
node scripts/compare-checkpoints.mjs "$work/late-cpu/states/step-6" "$work/late-tensorflow/states/step-6" 1e-5
echo "7. --device gpu says what is missing"
node bin/glz.js train --encoder tests/fixtures/encoders/bert --data datasets/generated-sample/examples.jsonl --output "$work/gpu" --device gpu \
  2>"$work/err" && exit 1
grep 'sees no GPU' "$work/err"
echo "all passed"
