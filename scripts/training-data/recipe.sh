#!/usr/bin/env bash
# Makes glz-mini from its sources: data, ten rounds of two runs side by side on two cores, the means between them, and a run that reads labels once.
# About eleven hours; README.md beside this file says what each round is for and how close a repetition comes.
#
# usage: recipe.sh AT_HAND EVALUATION ENCODER     in an empty folder, with glz on the path
#   AT_HAND     folder of the sets for which there is no script
#   EVALUATION  folder of the evaluation sets whose texts are kept out
#   ENCODER     folder of all-MiniLM-L6-v2
# What ships comes out in runs/twentyone/final.
set -euo pipefail
[ $# -eq 3 ] || { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT # a run that is left behind saves and ends
scripts="$(cd "$(dirname "$0")" && pwd)"
at_hand="$1" evaluation="$2" encoder="$3"

# settings RUN [CHECKPOINT]: the settings of a run, which starts from the encoder or from a checkpoint.
settings() {
  python3 "$scripts/settings.py" --run "$1" ${2:+--checkpoint "$2"} --data data --at-hand "$at_hand" --encoder "$encoder" --output "run$1.json"
}

# train RUN NAME OPTION ...: one run, on one core, that keeps its states: `mean` makes its end again.
train() { glz train --config "run$1.json" --output "runs/$2" --threads 1 --set keep_states=true "${@:3}"; }

# train_pair RUN NAME RUN NAME [CHECKPOINT]: two runs side by side.
train_pair() {
  settings "$1" "${5-}"
  settings "$3" "${5-}"
  train "$1" "$2" &
  local first=$!
  train "$3" "$4"
  wait "$first"
}

# mean RUN NAME '"FOLDER",...' OPTION ...: makes the final weights of a finished run again, as the mean of its own and these; trains nothing.
mean() { train "$1" "$2" --resume "${@:4}" --set "average_with=[$3]"; }

# take_mean RUN CHECKPOINT NAME '"FOLDER",...' OPTION ...: a mean as a run of its own, of one step without a rate to speak of.
take_mean() {
  glz train --config "run$1.json" --checkpoint "$2" --output "runs/$3" --max-steps 1 "${@:5}" \
    --set optimizer.learning_rate=1e-12 --set labels.near_negatives=0 --set "average_with=[$4]"
}

# train_pair_until STEP RUN NAME RUN NAME CHECKPOINT: two runs side by side, both stopped (they save and end) once they are at that step.
train_pair_until() {
  settings "$2" "$6"
  settings "$4" "$6"
  # Not by train: the process that is stopped has to be glz itself.
  glz train --config "run$2.json" --output "runs/$3" --threads 1 &
  local first=$!
  glz train --config "run$4.json" --output "runs/$5" --threads 1 &
  local second=$!
  until [ -e "runs/$3/states/step-$1" ] && [ -e "runs/$5/states/step-$1" ]; do
    kill -0 "$first" "$second"
    sleep 1
  done
  kill "$first" "$second"
  wait "$first" "$second" || [ $? -eq 130 ]
}

calibrated=(--set calibration.data=calibration --set calibration.share=0.5)

"$scripts/clone.sh" clones
python3 "$scripts/build.py" --clones clones --at-hand "$at_hand" --evaluation "$evaluation" --output data
python3 "$scripts/untrained_sets.py" --family calibration --clones clones --evaluation "$evaluation" --output calibration

train_pair 1 one 2 two
mean 2 two '"runs/one/final"'
cp -r runs/two/final runs/mean

train_pair 3 three 4 four runs/mean
mean 4 four '"runs/three/final","runs/mean"'

train_pair 5 five 6 six runs/four/final
mean 6 six '"runs/five/final"'

train_pair 7 seven 8 eight runs/six/final
mean 8 eight '"runs/seven/final"'

train_pair 9 nine 10 ten runs/eight/final
mean 2 two '"runs/one/final"' --set start_share=1 # the encoder's own weights, for a share in means
mean 10 ten '"runs/nine/final"'

train_pair 11 eleven 12 twelve runs/ten/final
mean 12 twelve '"runs/eleven/final"'
cp -r runs/twelve/final runs/sixth
mean 12 twelve '"runs/eleven/final","runs/sixth","runs/sixth","runs/two/final"'

train_pair_until 600 13 thirteen 14 fourteen runs/sixth
take_mean 13 runs/thirteen/states/step-600 seventh '"runs/fourteen/states/step-600"'

train_pair 15 fifteen 16 sixteen runs/seventh/final
mean 16 sixteen '"runs/fifteen/final"'
cp -r runs/sixteen/final runs/eighth
mean 16 sixteen '"runs/fifteen/final","runs/eighth","runs/eighth","runs/twelve/final"' "${calibrated[@]}"

take_mean 16 runs/sixteen/final ninth '"runs/sixteen/final","runs/sixteen/final","runs/two/final"' --set model.cross_attention=one-way
train_pair 17 seventeen 18 eighteen runs/ninth/final
mean 18 eighteen '"runs/seventeen/final"' "${calibrated[@]}"

train_pair 19 nineteen 20 twenty runs/eighteen/final
mean 20 twenty '"runs/nineteen/final"'
cp -r runs/twenty/final runs/tenth
mean 20 twenty '"runs/nineteen/final","runs/tenth","runs/tenth","runs/eighteen/final"' "${calibrated[@]}"

# Labels read once: the weights so far read as late, a run from there without the files of reserved sources, and half of each.
open=(--set calibration.data=calibration-open --set calibration.share=0.5 --set calibration.limit=100)
cp -r calibration calibration-open
rm -rf calibration-open/contract_clauses
settings 21 runs/twenty/final
train 21 late --max-steps 1 --set optimizer.learning_rate=1e-12 --set labels.near_negatives=0
train 21 twentyone "${open[@]}"
mean 21 twentyone '"runs/late/final"' "${open[@]}"
