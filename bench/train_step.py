"""
The PyTorch side of bench/train-step.ts. Arguments: encoder (minilm or deberta), threads, batch, length, fused (0 or 1: torch.optim.AdamW's
own kernel for all parameters). For every line "steps" on stdin it makes that many training steps and prints
{"pass": [ms, ...], "update": [ms, ...], "cpu": [ms, ...]}; the first line is answered with {} once the model is ready.
"""
import json
import sys
import time

import torch
from transformers import BertConfig, BertModel, DebertaV2Config, DebertaV2Model

encoder = sys.argv[1]
threads, batch, length, fused = map(int, sys.argv[2:6])
torch.set_num_threads(threads)
torch.manual_seed(1)
quiet = dict(hidden_dropout_prob=0, attention_probs_dropout_prob=0)
if encoder == "minilm":
    model = BertModel(BertConfig(vocab_size=30522, hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536, **quiet),
                      add_pooling_layer=False)
else:
    model = DebertaV2Model(DebertaV2Config(vocab_size=128100, hidden_size=768, num_hidden_layers=6, num_attention_heads=12, intermediate_size=3072,
                                           max_position_embeddings=512, type_vocab_size=0, relative_attention=True, position_buckets=256,
                                           norm_rel_ebd="layer_norm", share_att_key=True, pos_att_type=["p2c", "c2p"],
                                           position_biased_input=False, layer_norm_eps=1e-7, **quiet))
model.train()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=bool(fused))
# Token frequencies fall with the rank, as in text.
frequencies = 1 / (torch.arange(model.config.vocab_size) + 2.7)
text_end = length * 5 // 8
targets = torch.zeros(batch, 4)
targets[:, 0] = 1


def step():
    ids = torch.multinomial(frequencies, batch * length, replacement=True).reshape(batch, length)
    cpu, start = time.process_time(), time.perf_counter()
    hidden = model(ids, attention_mask=torch.ones_like(ids)).last_hidden_state
    text = hidden[:, 1:text_end - 1].mean(1)
    labels = hidden[:, text_end:text_end + 20].reshape(batch, 4, 5, -1)[:, :, 1:].mean(2)
    logits = 12 * torch.nn.functional.cosine_similarity(text[:, None], labels, dim=-1) - 5
    p = torch.sigmoid(logits)
    margin = torch.relu(0.5 + p[:, 1:].amax(1) - p[:, 0]).mean()
    loss = 0.7 * torch.nn.functional.binary_cross_entropy_with_logits(logits, targets) + 0.3 * margin
    loss.backward()
    middle = time.perf_counter()
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    end = time.perf_counter()
    return 1000 * (middle - start), 1000 * (end - middle), 1000 * (time.process_time() - cpu)


print("{}", flush=True)
for line in sys.stdin:
    made = [step() for _ in range(int(line))]
    print(json.dumps(dict(zip(("pass", "update", "cpu"), map(list, zip(*made))))), flush=True)
