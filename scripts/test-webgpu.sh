#!/usr/bin/env bash
# Compares training on ONNX Runtime's WebGPU provider with the CPU engine: losses, gradients, moments and parameters of tiny models, then a
# run of the command. On the GPU that is there, or on a software driver (SwiftShader, out of Debian's chromium-common: about 32 MB).
#
#   npm run test:webgpu               fetches the software driver with apt-get download (Debian, Ubuntu)
#   WEBGPU=real npm run test:webgpu   takes the machine's own Vulkan, Metal or Direct3D driver
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GLZ_CACHE=$work/cache
npm run build --silent

echo "1. --device webgpu without a driver says what is missing"
if VK_ICD_FILENAMES=$work/none VK_DRIVER_FILES=$work/none node bin/glz.js train --encoder tests/fixtures/encoders/bert \
  --data datasets/generated-sample/examples.jsonl --output "$work/none" --device webgpu 2>"$work/err"; then
  echo "a GPU was found all the same"
else
  grep 'no GPU that ONNX Runtime reaches through WebGPU' "$work/err"
fi
if [ "${WEBGPU:-}" != real ]; then
  echo "2. a software driver"
  (cd "$work" && apt-get download chromium-common libvulkan1 >/dev/null 2>&1 && for package in *.deb; do dpkg -x "$package" driver; done)
  export VK_ICD_FILENAMES=$work/driver/usr/lib/chromium/vk_swiftshader_icd.json
  export LD_LIBRARY_PATH=$(dirname "$(find "$work/driver" -path '*-linux-gnu/libvulkan.so.1' -print -quit)"):${LD_LIBRARY_PATH:-}
fi
echo "3. parity with the CPU engine"
node --experimental-vm-modules --no-warnings node_modules/jest/bin/jest.js -w 1 --testTimeout 1200000 --testMatch '**/tests/devices/webgpu.device.ts'
echo "4. glz train: the same steps on both, killed and resumed"
train() {
  node bin/glz.js train --encoder tests/fixtures/encoders/bert --data datasets/generated-sample/examples.jsonl --output "$work/$1" \
    --device "$1" --max-steps 7 --batch-size 4 --set save_every=3 --set loss.distill_weight=0.1 --set max_text_tokens=24 \
    --set dropout=0.1 --set keep_states=true --quiet "${@:2}"
}
train cpu
# Killed as soon as a state is there: at its end a run calibrates on 100 batches, for which a software driver takes minutes.
for step in 3 6; do
  train webgpu $([ "$step" = 3 ] || echo --resume) &
  running=$!
  until [ -d "$work/webgpu/states/step-$step" ]; do
    kill -0 "$running" || exit 1
    sleep 0.5
  done
  pkill -9 -P "$running"
  wait "$running" 2>/dev/null || true
done
node scripts/compare-checkpoints.mjs "$work/cpu/states/step-6" "$work/webgpu/states/step-6" 1e-5
echo "all passed"
