"""Labels Parquet files with Ray Data: the exported model in actors of one core each, labels compiled once and put into the object store.

    glz export --output exported
    python scale/python/label_ray.py --model exported --labels labels.txt --input texts.parquet --output labelled

What comes out is as with label_spark.py.
"""
import pyarrow as pa
import ray

import glz_onnx


class Labeller:
    """An actor: loads the model once, labels batch after batch."""

    def __init__(self, folder, columns, labels, text, multi_label):
        self.model = glz_onnx.Model(folder)
        self.columns = ray.get(columns)
        self.labels = labels
        self.text = text
        self.multi_label = multi_label

    def __call__(self, batch):
        texts = batch[self.text].to_pylist()
        best, score, every = glz_onnx.best_labels(self.model, self.columns, self.labels, texts, self.multi_label)
        # Types are said: a batch may have nothing but blank texts.
        added = [("label", best, pa.string()), ("score", score, pa.float64()), ("scores", every, pa.list_(pa.float64()))]
        for name, values, kind in added:
            batch = batch.append_column(name, pa.array(values, kind))
        return batch


def main():
    parser = glz_onnx.command_flags()
    parser.add_argument("--workers", type=int, default=0, help="actors of one core each; all cores unless given")
    flags = parser.parse_args()
    ray.init(ignore_reinit_error=True, log_to_driver=False)
    labels = glz_onnx.read_labels(flags.labels)
    columns = ray.put(glz_onnx.compile_labels(glz_onnx.Model(flags.model), labels))
    workers = flags.workers or int(ray.cluster_resources()["CPU"])
    ray.data.read_parquet(flags.input).map_batches(
        Labeller,
        fn_constructor_args=(flags.model, columns, labels, flags.text_field, flags.multi_label),
        batch_format="pyarrow",
        batch_size=1024,
        concurrency=workers,
        num_cpus=1,
    ).write_parquet(flags.output)
    ray.shutdown()


if __name__ == "__main__":
    main()
