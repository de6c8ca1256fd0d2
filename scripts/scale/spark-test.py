"""What scripts/scale/test-spark.sh runs: scale/python on Spark in local mode and on Ray Data, against glz predict on the same texts.

Scores have to be equal within 1e-4. Speed is texts a second of processor time, of all processes (JVM, Python workers; glz), on one core each,
in rounds by turns: the machine may be busy. The time until a system is ready is measured with few texts and taken off both.
"""
import json
import os
import statistics
import subprocess
import sys
import time

project, work, count, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
sys.path.insert(0, os.path.join(project, "scale/python"))
os.environ["PYTHONPATH"] = sys.path[0]
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyspark
from pyspark.sql import SparkSession

import label_spark

labels_file = os.path.join(project, "datasets/demo/topics.txt")
labels = [line.strip() for line in open(labels_file, encoding="utf-8") if line.strip()]
texts = [json.loads(line)["text"] for line in open(os.path.join(work, "texts.jsonl"), encoding="utf-8")]
# What is read in windows, what is cut, and what is blank.
texts[5:8] = [" ".join(texts[100:160]), " ".join(texts[200:500]), "  "]
few = 64


def write(name, some):
    with open(os.path.join(work, f"{name}.jsonl"), "w", encoding="utf-8") as file:
        for at, text in enumerate(some):
            file.write(json.dumps({"id": at, "text": text}) + "\n")
    pq.write_table(pa.table({"id": range(len(some)), "text": some}), os.path.join(work, f"{name}.parquet"))


write("many", texts[:count])
write("few", texts[1000 : 1000 + few])


def tree_seconds(root):
    """Processor seconds of a process and all below it, and of those of its children that have ended."""
    parents, seconds = {}, {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = open(f"/proc/{name}/stat").read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        parents[int(name)] = int(fields[1])
        seconds[int(name)] = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    below = {root}
    while True:
        more = {pid for pid, parent in parents.items() if parent in below} - below
        if not more:
            return sum(seconds.get(pid, 0) for pid in below)
        below |= more


def measured(work):
    """What `work` costs in processor seconds of this process and all below it, and by the clock."""
    before, start = tree_seconds(os.getpid()), time.perf_counter()
    work()
    return tree_seconds(os.getpid()) - before, time.perf_counter() - start


def run_glz(name):
    """The same of glz, by its own process alone: the JVM beside it may still tidy up after Spark's turn."""
    start = time.perf_counter()
    process = subprocess.Popen(
        ["node", os.path.join(project, "bin/glz.js"), "predict", f"{work}/{name}.jsonl", "--labels-file", labels_file, "--output", f"{work}/{name}.glz.jsonl",
         "--threads", "1", "--quiet"],
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - start


os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
print("1. spark-submit, as docs/scale.md shows it", flush=True)
subprocess.run(
    [os.path.join(os.path.dirname(sys.executable), "spark-submit"), "--master", "local[2]", "--conf", "spark.ui.enabled=false",
     "--py-files", "scale/python/glz_onnx.py", "scale/python/label_spark.py", "--model", f"{work}/exported", "--labels", labels_file,
     "--input", f"{work}/few.parquet", "--output", f"{work}/submitted.parquet"],
    cwd=project, check=True, stderr=open(f"{work}/submit.log", "w"),
)
submitted = pq.read_table(f"{work}/submitted.parquet").to_pylist()
assert len(submitted) == few and all(row["label"] in labels and len(row["scores"]) == len(labels) for row in submitted)
spark = (
    SparkSession.builder.master("local[1]")
    .config("spark.ui.enabled", "false")
    .config("spark.ui.showConsoleProgress", "false")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.sql.execution.arrow.maxRecordsPerBatch", 1024)
    .config("spark.sql.warehouse.dir", work)
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")


def label_with_spark(name):
    table = label_spark.labelled(spark, spark.read.parquet(f"{work}/{name}.parquet"), os.path.join(work, "exported"), labels)
    table.write.mode("overwrite").parquet(f"{work}/{name}.labelled")


def run_spark(name):
    return measured(lambda: label_with_spark(name))


print(f"2. Spark {pyspark.__version__}, {count} texts, {len(labels)} labels", flush=True)
run_spark("few")
ratios, walls, speeds = [], [], []
for number in range(rounds):
    turns = [("glz", run_glz), ("spark", run_spark)]
    costs = {}
    for system, run in turns if number % 2 == 0 else reversed(turns):
        start = run("few")
        all = run("many")
        costs[system] = [all[at] - start[at] for at in range(2)]
    speed = {system: (count - few) / cost[0] for system, cost in costs.items()}
    ratios.append(speed["spark"] / speed["glz"])
    walls.append(costs["glz"][1] / costs["spark"][1])
    speeds.append(speed)
    print(f"round {number + 1}: glz {speed['glz']:.0f}, Spark {speed['spark']:.0f} texts a second of a core; ratio {ratios[-1]:.2f}, by the clock {walls[-1]:.2f}", flush=True)


def compare(folder, system):
    expected = [json.loads(line) for line in open(f"{work}/many.glz.jsonl", encoding="utf-8")]
    found = {row["id"]: row for row in pq.read_table(folder).to_pylist()}
    assert len(found) == len(expected) == count, (len(found), len(expected))
    largest = 0
    for record in expected:
        row = found[record["id"]]
        if not record["labels"]:
            assert row["label"] is None and row["scores"] is None, row
            continue
        scores = dict(zip(record["labels"], record["scores"]))
        largest = max(largest, max(abs(scores[label] - score) for label, score in zip(labels, row["scores"])))
        assert row["label"] == record["labels"][0] or scores[record["labels"][0]] - scores[row["label"]] < 1e-4, row
    print(f"{system}: {count} records, the largest difference of a score {largest:.1e}", flush=True)
    assert largest < 1e-4


compare(f"{work}/many.labelled", "Spark")
spark.stop()
median = statistics.median(ratios)
print(f"median of {rounds} rounds: {median:.2f} of glz's texts a second of a core ({min(ratios):.2f} to {max(ratios):.2f}); by the clock {statistics.median(walls):.2f}")

try:
    import ray
except ImportError:
    ray = None
    print("3. Ray is not installed: left out")
if ray:
    print(f"3. Ray {ray.__version__}", flush=True)
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "RAY_DATA_DISABLE_PROGRESS_BARS": "1"}
    run = lambda name: subprocess.run(
        [sys.executable, os.path.join(project, "scale/python/label_ray.py"), "--model", f"{work}/exported", "--labels", labels_file,
         "--input", f"{work}/{name}.parquet", "--output", f"{work}/{name}.ray", "--workers", "1"],
        check=True, env=environment, stdout=subprocess.DEVNULL, stderr=open(f"{work}/ray.log", "a"),
    )
    # Its processes are no children of this one: by the clock alone, which says little on a busy machine.
    [start, all] = [measured(lambda: run(name))[1] for name in ["few", "many"]]
    print(f"one actor: {start:.0f} s for {few} texts, {all:.0f} s for {count}", flush=True)
    compare(f"{work}/many.ray", "Ray Data")
assert median >= 0.8, f"Spark reaches {median:.2f} of glz's speed"
print("all passed")
