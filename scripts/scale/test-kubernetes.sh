#!/usr/bin/env bash
# Checks scale/kubernetes without a cluster: every field against Kubernetes' own schemas (kubeconform where it is there, else the PyPI package
# kubernetes-validate, strict), then the commands of the manifests run here with their paths moved: all indices of the job and the merge against
# one run, and the probes of the server.
#
#   npm run test:kubernetes
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if command -v kubeconform >/dev/null; then
  kubeconform -strict -summary scale/kubernetes/*.yaml
else
  [ -x .cache/kubernetes/bin/kubernetes-validate ] || { python3 -m venv .cache/kubernetes && .cache/kubernetes/bin/pip install --quiet kubernetes-validate; }
  .cache/kubernetes/bin/kubernetes-validate --strict scale/kubernetes/*.yaml
fi
npm run build --silent
node scripts/scale/make-texts.mjs "${TEXTS:-1500}" >"$work/texts.jsonl"
cp datasets/demo/topics.txt "$work/labels.txt"
node scripts/scale/kubernetes-test.mjs "$PWD" "$work"
