#!/usr/bin/env bash
# Runs scale/slurm on a real Slurm of one node (Debian: slurm-wlm munge; started here as root, in a folder of its own, and ended): an array of
# 8 shares, of which one is killed and one is queued again by Slurm while they run, then one of 2 over a folder and a pattern; what is joined has to be
# what one run writes.
#
#   npm run test:slurm
#   TEXTS=7000     how many texts, at least 6,500 for each share to have some
set -euo pipefail
cd "$(dirname "$0")/../.."
project=$PWD
for program in munged slurmctld slurmd sbatch; do
  command -v "$program" >/dev/null || { echo "needs $program: apt-get install --no-install-recommends slurm-wlm munge" >&2; exit 1; }
done
[ "$(id -u)" = 0 ] || { echo "needs root, to start slurmd" >&2; exit 1; }
work=$(mktemp -d)
started=()
end() {
  [ ! -f "$work/slurm.conf" ] || scancel --user=root --quiet 2>/dev/null || true
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${started[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap end EXIT
fail() { echo "failed: $1" >&2; tail -n 20 "$work"/*.log >&2; exit 1; }

port() { node -e 'const s=require("node:net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'; }
mkdir -p "$work"/{state,spool}
chmod 755 "$work"
head -c 1024 /dev/urandom >"$work/munge.key" && chmod 600 "$work/munge.key"
munged --foreground --key-file="$work/munge.key" --socket="$work/munge.socket" --log-file="$work/munged.log" --pid-file="$work/munged.pid" \
  --seed-file="$work/munge.seed" --force >/dev/null 2>&1 &
started+=($!)
cat >"$work/slurm.conf" <<CONF
ClusterName=glz
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$(port)
SlurmdPort=$(port)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket,cred_expire=5
CryptoType=crypto/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=batch_sched_delay=0
MpiDefault=none
ReturnToService=2
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$(free -m | awk "/^Mem/ {print \$2}") State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
CONF
export SLURM_CONF=$work/slurm.conf
for _ in $(seq 50); do [ -S "$work/munge.socket" ] && break; sleep 0.1; done
slurmctld -D -f "$SLURM_CONF" >/dev/null 2>&1 &
started+=($!)
slurmd -D -f "$SLURM_CONF" >/dev/null 2>&1 &
started+=($!)
for _ in $(seq 60); do sinfo --noheader --format=%T 2>/dev/null | grep -q idle && break; sleep 0.5; done
sinfo --noheader --format=%T | grep -q idle || fail "Slurm does not start"
echo "$(sinfo --version) on one node of $(nproc) cores"

# Waits for the job of the number in $merge.
await_merge() {
  local state
  for _ in $(seq 1200); do
    state=$(scontrol show job "$merge" 2>/dev/null | grep -o 'JobState=[A-Z_]*' || true)
    case $state in JobState=COMPLETED) break ;; JobState=FAILED | JobState=CANCELLED) fail "the merge: $state" ;; esac
    sleep 0.5
  done
  [ -f "$OUTPUT" ] || fail "there is no $OUTPUT"
}

npm run build --silent
node scripts/scale/make-texts.mjs "${TEXTS:-7000}" >"$work/texts.jsonl"
export INPUT=$work/texts.jsonl LABELS=$project/datasets/demo/topics.txt OUTPUT=$work/labelled.jsonl GLZ="node $project/bin/glz.js" GLZ_FLAGS=--quiet
echo "1. the array"
job=$(cd "$work" && sbatch --parsable --array=1-8 "$project/scale/slurm/label.sbatch")
merge=$(cd "$work" && sbatch --parsable --dependency="afterok:$job" "$project/scale/slurm/merge.sbatch")
blocks() { [ ! -f "$OUTPUT.$1-of-8.manifest" ] || grep -c '"block"' "$OUTPUT.$1-of-8.manifest" || true; }
for _ in $(seq 600); do [ "$(blocks 1)" = 1 ] && break; sleep 0.2; done
glz=$(pgrep -f -- "--output $OUTPUT --shard 1/8" | tail -1)
kill -KILL "$glz" && echo "killed the process of task 1, $(blocks 1) of its blocks done"
for _ in $(seq 600); do [ -f "$OUTPUT.2-of-8.partial" ] && break; sleep 0.2; done
scontrol requeue "${job}_2" && echo "queued task 2 again while it ran"
echo "2. until all is done"
await_merge
cat "$work/glz-merge-$merge.log"
for task in 1 2; do
  restarts=$(scontrol show job "${job}_$task" | grep -o 'Restarts=[0-9]*')
  echo "task $task: $restarts"
  [ "$restarts" != Restarts=0 ] || fail "task $task was not queued again"
done
echo "3. one run of all"
$GLZ predict "$INPUT" --labels-file "$LABELS" --output "$work/one.jsonl" --quiet
cmp "$work/one.jsonl" "$OUTPUT" || fail "the parts, joined, are not what one run writes"
echo "the same $(wc -l <"$OUTPUT") lines, $(sha256sum <"$OUTPUT" | cut -c1-16)"
echo "4. a folder and a pattern"
mkdir "$work/mail"
for number in 1 2 3; do node scripts/scale/make-texts.mjs $((100 * number)) >"$work/mail/$number a.jsonl"; done
for name in x y; do node scripts/scale/make-texts.mjs 50 >"$work/call-$name.jsonl"; done
export INPUT="$work/mail $work/call-*.jsonl" OUTPUT=$work/several.jsonl
job=$(cd "$work" && sbatch --parsable --array=1-2 "$project/scale/slurm/label.sbatch")
merge=$(cd "$work" && sbatch --parsable --dependency="afterok:$job" "$project/scale/slurm/merge.sbatch")
await_merge
cat "$work/glz-merge-$merge.log"
$GLZ predict "$work"/mail/*.jsonl "$work"/call-*.jsonl --labels-file "$LABELS" --output "$work/one.jsonl" --quiet
cmp "$work/one.jsonl" "$OUTPUT" || fail "the parts of several files, joined, are not what one run writes"
# Five files and two tasks: each file is counted by one task alone.
for task in 1 2; do tail -n 1 "$OUTPUT.$task-of-2.manifest"; done | tee "$work/counted" >&2
[ "$(grep -o null "$work/counted" | wc -l)" = 5 ] || fail "files were not dealt out as wholes"
echo "all passed"
