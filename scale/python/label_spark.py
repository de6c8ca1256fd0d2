"""Labels a Parquet table with Spark: the exported model in mapInPandas, a batch of Arrow at a time, labels compiled once and broadcast.

    glz export --output exported
    spark-submit --py-files scale/python/glz_onnx.py scale/python/label_spark.py --model exported --labels labels.txt \\
        --input texts.parquet --output labelled.parquet

The table has a column of texts; it comes out with `label`, the best one, `score`, and `scores` of all labels in the order of the file of
labels. The folder of the model has to be there on every worker (a shared file system, or --files).
"""
from pyspark.sql import SparkSession
from pyspark.sql.types import ArrayType, DoubleType, StringType, StructField, StructType

import glz_onnx


def labelled(spark, table, folder, labels, text="text", graph="model.onnx", multi_label=False):
    """The table with the columns label, score and scores."""
    columns = spark.sparkContext.broadcast(glz_onnx.compile_labels(glz_onnx.model_of(folder, graph), labels))
    names = spark.sparkContext.broadcast(list(labels))

    def label(batches):
        # One a worker process, which serves task after task (spark.python.worker.reuse).
        model = glz_onnx.model_of(folder, graph)
        for batch in batches:
            best, score, every = glz_onnx.best_labels(model, columns.value, names.value, batch[text], multi_label)
            yield batch.assign(label=best, score=score, scores=every)

    added = [StructField("label", StringType()), StructField("score", DoubleType()), StructField("scores", ArrayType(DoubleType()))]
    return table.mapInPandas(label, StructType(table.schema.fields + added))


def main():
    flags = glz_onnx.command_flags().parse_args()
    # Texts that are sorted by length and padded together.
    spark = SparkSession.builder.config("spark.sql.execution.arrow.maxRecordsPerBatch", 1024).getOrCreate()
    labels = glz_onnx.read_labels(flags.labels)
    table = labelled(spark, spark.read.parquet(flags.input), flags.model, labels, flags.text_field, multi_label=flags.multi_label)
    table.write.parquet(flags.output)
    spark.stop()


if __name__ == "__main__":
    main()
