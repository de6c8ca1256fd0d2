"""A BERT that reads texts and labels into vectors: [CLS] text [SEP], [CLS] label; the mean of the last states, of length 1."""

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


class Reader:
    """An encoder folder (config.json, model.safetensors, tokenizer.json) or a glz checkpoint."""

    def __init__(self, folder, weights=None):
        folder = Path(folder)
        config = json.loads((folder / "config.json").read_text())
        self.config = config.get("encoder", config)
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

    def read(self, texts, is_label, longest):
        """Vectors of length 1: [texts, size]."""
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
            mask[len(taken) :] = 1
            for row, i in enumerate(taken):
                tokens[row, : len(ids[i])] = torch.tensor(ids[i])
                mask[row, : len(ids[i])] = 1
            states = self.model(input_ids=tokens, attention_mask=mask).last_hidden_state.float()  # [rows, length, size]
            mean = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)  # [rows, size]
            parts.append(normalize(mean, dim=-1)[: len(taken)])
            at += rows
        back = torch.empty(len(ids), dtype=torch.long)
        back[torch.tensor(order)] = torch.arange(len(ids))
        return torch.cat(parts)[back]

    @torch.no_grad()
    def cosines(self, texts, labels, longest_text=256, longest_label=64):
        """[texts, labels]"""
        self.model.eval()
        with torch.autocast("cpu", torch.bfloat16):
            return (self.read(texts, False, longest_text) @ self.read(labels, True, longest_label).T).float()


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
