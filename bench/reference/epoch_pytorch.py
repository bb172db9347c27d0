"""The reference recipe in PyTorch, for bench/epoch.ts and bench/sst2.ts: epochs over sentences in batches of 16.

Arguments: a directory with config.json, model.safetensors and the tokenizer, a JSON file
{train: {texts, labels}, dev: {texts, labels}}, epochs, threads, seed, and padding: max_length (128 tokens, as the
reference system) or longest (of the batch). Prints one JSON line an epoch: seconds of training and accuracy on dev.
"""

import json
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import DistilBertConfig, DistilBertForSequenceClassification, DistilBertTokenizerFast
from transformers import get_linear_schedule_with_warmup

BATCH, LENGTH, LEARNING_RATE = 16, 128, 2e-5


def load_model(folder):
    model = DistilBertForSequenceClassification(DistilBertConfig(**json.loads((folder / "config.json").read_text())))
    model.load_state_dict(load_file(folder / "model.safetensors"))
    return model


def pick(encoded, rows, padding):
    batch = {name: values[rows] for name, values in encoded.items()}
    longest = int(batch["attention_mask"].sum(1).max()) if padding == "longest" else LENGTH
    return {name: values[:, :longest] for name, values in batch.items()}


def accuracy(model, encoded, labels, padding):
    model.eval()
    with torch.no_grad():
        parts = torch.arange(len(labels)).split(64)
        called = [model(**pick(encoded, rows, padding)).logits.argmax(-1) for rows in parts]
    model.train()
    return (torch.cat(called) == labels).float().mean().item()


def main(folder, data, epochs, threads, seed, padding):
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    tokenizer = DistilBertTokenizerFast.from_pretrained(folder)

    def encode(rows):
        kept = ["input_ids", "attention_mask"]
        encoded = tokenizer(
            rows["texts"], padding="max_length", truncation=True, max_length=LENGTH, return_tensors="pt"
        )
        return {name: encoded[name] for name in kept}, torch.tensor(rows["labels"])

    (train, labels), (dev, dev_labels) = encode(data["train"]), encode(data["dev"])
    model = load_model(folder).train()
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=LEARNING_RATE)
    steps = epochs * -(-len(labels) // BATCH)
    schedule = get_linear_schedule_with_warmup(optimizer, 0, steps)
    for _ in range(epochs):
        start = time.perf_counter()
        for rows in torch.randperm(len(labels)).split(BATCH):
            model(**pick(train, rows, padding), labels=labels[rows]).loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
        seconds = time.perf_counter() - start
        print(json.dumps(dict(seconds=seconds, accuracy=accuracy(model, dev, dev_labels, padding))), flush=True)


main(
    Path(sys.argv[1]),
    json.loads(Path(sys.argv[2]).read_text()),
    int(sys.argv[3]),
    int(sys.argv[4]),
    int(sys.argv[5]),
    sys.argv[6],
)
