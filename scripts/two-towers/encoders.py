"""
A BERT that reads texts and labels: [CLS] text [SEP], [CLS] label; the mean of the last states of what stands between, of length 1. Labels may read a
text's tokens besides, as src/model/token-reading.ts has it.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from quantized import floats
from torch.nn.functional import normalize
from transformers import AutoTokenizer, BertConfig, BertModel

# Few shapes: every new one costs a compilation of its kernels.
LENGTHS = [4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512]
TOKENS_A_PASS = 1536
GLIZNET = "encoder."


def token_cosines(states, own, labels, share, sharpness):
    """What labels make of texts whose tokens they read. states [T, n, size], own [T, n]: 1 for the text's own tokens, labels [L, size] of length 1 -> [T, L]"""
    whole = normalize((states * own[..., None]).sum(1), dim=-1) @ labels.T  # [T, L]
    near = normalize(states, dim=-1) @ labels.T  # [T, n, L]
    shares = torch.softmax((sharpness * near).masked_fill(own[..., None] == 0, -1e9), 1)  # [T, n, L]
    read = normalize(shares.transpose(1, 2) @ states, dim=-1)  # [T, L, size]
    return (1 - share) * whole + share * (read * labels).sum(-1)


class Reader:
    """An encoder folder (config.json, model.safetensors, tokenizer.json) or a glz checkpoint; how much labels read tokens is the checkpoint's."""

    def __init__(self, folder, weights=None):
        folder = Path(folder)
        config = json.loads((folder / "config.json").read_text())
        self.config = config.get("encoder", config)
        self.token_share = config.get("gliznet", {}).get("tokenShare", 0)
        self.token_sharpness = config.get("gliznet", {}).get("tokenSharpness", 20)
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        settings = BertConfig(**{name: value for name, value in self.config.items() if name != "architectures"})
        # Faster than fused attention in bfloat16, forwards and back.
        settings._attn_implementation = "eager"
        self.model = BertModel(settings, add_pooling_layer=False)
        self.model.load_state_dict(encoder_weights(folder) if weights is None else torch.load(weights)["encoder"], strict=True)
        for module in self.model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        self.tokens = {}

    def token_ids(self, text, is_label, longest):
        """A label has no [SEP]: glz reads it so."""
        key = (is_label, longest, text)
        if key not in self.tokens:
            ids = self.tokenizer(text, truncation=True, max_length=longest)["input_ids"]
            self.tokens[key] = ids[:-1] if is_label else ids
        return self.tokens[key]

    def each_pass(self, texts, is_label, longest, found):
        """What `found` makes of the states [rows, length, size] and of which tokens are the text's own [rows, length], for all texts: [texts, ...]"""
        ids = [self.token_ids(text, is_label, longest) for text in texts]
        order = sorted(range(len(ids)), key=lambda i: -len(ids[i]))
        parts, at = [], 0
        while at < len(order):
            length = next(each for each in LENGTHS if each >= len(ids[order[at]]))
            full = max(4, TOKENS_A_PASS // length)
            # As many rows as are nearly as long, in quarters of a full pass.
            near = sum(len(ids[i]) > 0.6 * length for i in order[at : at + full])
            rows = min(size for size in (full, full * 3 // 4, full // 2, full // 4) if size >= min(near, full, len(order) - at))
            taken = order[at : at + rows]
            tokens, mask = torch.zeros((rows, length), dtype=torch.long), torch.zeros((rows, length), dtype=torch.long)
            own = torch.zeros((rows, length))
            mask[len(taken) :] = 1
            for row, i in enumerate(taken):
                tokens[row, : len(ids[i])] = torch.tensor(ids[i])
                mask[row, : len(ids[i])] = 1
                own[row, 1 : len(ids[i]) - (not is_label)] = 1
            states = self.model(input_ids=tokens, attention_mask=mask).last_hidden_state.float()  # [rows, length, size]
            parts.append(found(states[: len(taken)], own[: len(taken)]))
            at += rows
        back = torch.empty(len(ids), dtype=torch.long)
        back[torch.tensor(order)] = torch.arange(len(ids))
        return torch.cat(parts)[back]

    def read(self, texts, is_label, longest):
        """Vectors of length 1: [texts, size]."""
        return self.each_pass(texts, is_label, longest, lambda states, own: normalize((states * own[..., None]).sum(1), dim=-1))

    def compared(self, texts, labels, longest):
        """Cosines of texts with labels that were read [L, size], whether or not these read tokens: [texts, L]"""
        if self.token_share == 0:
            return (self.read(texts, False, longest) @ labels.T).float()
        labels = labels.float()
        return self.each_pass(texts, False, longest, lambda states, own: token_cosines(states, own, labels, self.token_share, self.token_sharpness)).float()

    @torch.no_grad()
    def cosines(self, texts, labels, longest_text=256, longest_label=64):
        """[texts, labels]"""
        self.model.eval()
        with torch.autocast("cpu", torch.bfloat16):
            return self.compared(texts, self.read(labels, True, longest_label), longest_text)


def encoder_weights(folder):
    """Parameters by BertModel's names, of an encoder or of what is an encoder in a checkpoint; matrices in 8 and 4 bits are times their scales."""
    stored = load_file(folder / "model.safetensors")
    prefix = next(name for name in stored if name.endswith("embeddings.word_embeddings.weight")).removesuffix("embeddings.word_embeddings.weight")
    return {
        name.removeprefix(prefix): value
        for name, value in floats(stored).items()
        if name.startswith(prefix + "embeddings.") or name.startswith(prefix + "encoder.")
        if not name.endswith("position_ids")
    }
