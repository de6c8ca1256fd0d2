"""
The Python side of bench/peers.ts, as bench/peers/peer.ts asks for it. Arguments: system (gliclass or fast-gliner), a folder with config.json and
tokenizer of an encoder, threads. Both are GLiClass models of that encoder with random weights: scores mean nothing, times are those of trained ones.
gliclass runs on PyTorch; fast-gliner on ONNX Runtime, from the same model exported.
"""
import json
import os
import sys
import tempfile
import time
import traceback

system, folder, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
TOKENS = ["<<LABEL>>", "<<SEP>>", "<<EXAMPLE>>"]
# Tokens of a sequence that are left to the text and what is around it: the texts of the benchmark have fewer.
TEXT_ROOM = 128
# What a library prints is no answer.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def say(**line):
    print(json.dumps(line), file=answers, flush=True)


def gliclass_model():
    """The model as its authors' checkpoints are configured, and its tokenizer."""
    import torch
    from gliclass import GLiClassModel, GLiClassModelConfig
    from transformers import AutoConfig, AutoTokenizer

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    encoder = AutoConfig.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(TOKENS, special_tokens=True)
    label, separator, example = tokenizer.convert_tokens_to_ids(TOKENS)
    config = GLiClassModelConfig(encoder_config=encoder, encoder_model=folder, class_token_index=label, text_token_index=separator,
                                 example_token_index=example, vocab_size=len(tokenizer), architecture_type="uni-encoder", prompt_first=True,
                                 problem_type="multi_label_classification")
    return GLiClassModel(config).eval(), tokenizer


def gliclass():
    from gliclass import ZeroShotClassificationPipeline

    model, tokenizer = gliclass_model()
    most = model.config.encoder_config.max_position_embeddings
    pipeline = ZeroShotClassificationPipeline(model, tokenizer, max_length=most, classification_type="multi-label", device="cpu",
                                              progress_bar=False)

    parts_of = in_parts(tokenizer, most)

    def classify(texts, labels):
        found = [pipeline(texts, part, threshold=0.0) for part in parts_of(labels)]
        return [[each for part in found for each in part[row]] for row in range(len(texts))]

    return classify


def fast_gliner():
    import torch
    from fast_gliner import FastGLiClass

    model, tokenizer = gliclass_model()

    class Exported(torch.nn.Module):
        """One text a run: the labels are those that the input has."""

        def __init__(self):
            super().__init__()
            self.own = model.model.requires_grad_(False)

        def forward(self, input_ids, attention_mask):
            own = self.own
            hidden = own.encoder_model(input_ids, attention_mask=attention_mask)[0]
            labels = hidden[:, (input_ids[0] == own.config.class_token_index).nonzero()[:, 0]]
            text = own.text_projector(own.pooler(hidden))
            return own.scorer(text, own.classes_projector(labels), text_mask=attention_mask)

    with tempfile.TemporaryDirectory() as work:
        os.mkdir(f"{work}/onnx")
        model.config.to_json_file(f"{work}/config.json", use_diff=False)
        tokenizer.save_pretrained(work)
        ids = tokenizer("<<LABEL>>weather<<LABEL>>sports<<SEP>>It rains.", return_tensors="pt")["input_ids"]
        axes = {"input_ids": {0: "batch", 1: "length"}, "attention_mask": {0: "batch", 1: "length"}, "logits": {0: "batch", 1: "labels"}}
        torch.onnx.export(Exported().eval(), (ids, torch.ones_like(ids)), f"{work}/onnx/model.onnx", input_names=["input_ids", "attention_mask"],
                          output_names=["logits"], dynamic_axes=axes, opset_version=17, dynamo=False)
        fast = FastGLiClass.from_pretrained(work)
    parts_of = in_parts(tokenizer, model.config.encoder_config.max_position_embeddings)

    def classify(texts, labels):
        return [[each for part in parts_of(labels) for each in fast.classify(text, part)] for text in texts]

    return classify


def in_parts(tokenizer, most):
    """Cuts labels into parts that fit into one sequence with a text; a list that comes again is not cut again."""
    known = {}

    def parts_of(labels):
        key = "\n".join(labels)
        if key not in known:
            known.clear()
            parts, taken = [[]], 0
            for label, ids in zip(labels, tokenizer(labels, add_special_tokens=False)["input_ids"]):
                if parts[-1] and taken + len(ids) + 1 > most - TEXT_ROOM:
                    parts.append([])
                    taken = 0
                parts[-1].append(label)
                taken += len(ids) + 1
            known[key] = parts
        return known[key]

    return parts_of


try:
    import torch

    with torch.inference_mode():
        classify = {"gliclass": gliclass, "fast-gliner": fast_gliner}[system]()
        scores = classify(["It rains."], ["weather", "sports", "news"])
        if len(scores[0]) != 3:
            raise RuntimeError(f"it scores {scores}")
        say()
        for line in sys.stdin:
            given = json.loads(line)
            times, used = [], time.process_time()
            for part in [[text] for text in given["texts"]] if given["oneByOne"] else [given["texts"]]:
                start = time.perf_counter()
                classify(part, given["labels"])
                times.append(1000 * (time.perf_counter() - start))
            say(ms=times, cpu=1000 * (time.process_time() - used))
except Exception as error:
    traceback.print_exc()
    say(error=f"{type(error).__name__}: {str(error)[:200]}")
