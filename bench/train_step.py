"""The PyTorch side of bench/train-step.ts: prints {"pass": ms, "update": ms}. Arguments: threads, batch, length, steps."""
import json
import sys
import time

import torch
from transformers import BertConfig, BertModel

threads, batch, length, steps = map(int, sys.argv[1:5])
torch.set_num_threads(threads)
torch.manual_seed(1)
config = BertConfig(vocab_size=30522, hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536,
                    hidden_dropout_prob=0, attention_probs_dropout_prob=0)
model = BertModel(config, add_pooling_layer=False)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)
ids = torch.randint(0, 30000, (batch, length))
targets = torch.zeros(batch, 4)
targets[:, 0] = 1
passes, updates = [], []
for step in range(steps + 2):
    start = time.perf_counter()
    hidden = model(ids, attention_mask=torch.ones_like(ids)).last_hidden_state
    text = hidden[:, 1:39].mean(1)
    labels = hidden[:, 40:60].reshape(batch, 4, 5, -1)[:, :, 1:].mean(2)
    logits = 12 * torch.nn.functional.cosine_similarity(text[:, None], labels, dim=-1) - 5
    p = torch.sigmoid(logits)
    margin = torch.relu(0.5 + p[:, 1:].amax(1) - p[:, 0]).mean()
    loss = 0.7 * torch.nn.functional.binary_cross_entropy_with_logits(logits, targets) + 0.3 * margin
    loss.backward()
    middle = time.perf_counter()
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    end = time.perf_counter()
    if step >= 2:
        passes.append(1000 * (middle - start))
        updates.append(1000 * (end - middle))
median = lambda values: sorted(values)[len(values) // 2]
print(json.dumps({"pass": median(passes), "update": median(updates)}))
