"""PyTorch's side of bench/train.ts: one training step for every line on standard input.

Arguments: a directory with config.json, model.safetensors and batch.json, and the number of threads. Answers each
line with the step's seconds and loss as JSON; the line says which AdamW to use, "default" or "fused".
"""

import json
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import DistilBertConfig, DistilBertForSequenceClassification


def load_model(folder):
    config = DistilBertConfig(**json.loads((folder / "config.json").read_text()))
    model = DistilBertForSequenceClassification(config)
    model.load_state_dict(load_file(folder / "model.safetensors"))
    return model.train()


def create_optimizer(model, learning_rate, fused):
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=learning_rate, fused=True if fused else None)


def run_step(model, optimizer, batch):
    start = time.perf_counter()
    loss = model(**batch).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    return dict(seconds=time.perf_counter() - start, loss=loss.item())


def main(folder, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = load_model(folder)
    batch = {name: torch.tensor(rows) for name, rows in json.loads((folder / "batch.json").read_text()).items()}
    optimizers = {kind: create_optimizer(model, 2e-5, kind == "fused") for kind in ("default", "fused")}
    print(json.dumps(dict(torch=torch.__version__, threads=torch.get_num_threads())), flush=True)
    for line in sys.stdin:
        print(json.dumps(run_step(model, optimizers[line.strip()], batch)), flush=True)


main(Path(sys.argv[1]), int(sys.argv[2]))
