"""Records ten training steps of a very small DistilBERT by PyTorch, for test/ml/training/replay.ts.

Run in the bench's environment: python bench/reference/record_tiny_training.py test/fixtures/tiny-training
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import DistilBertConfig, DistilBertForSequenceClassification, get_linear_schedule_with_warmup

STEPS, ROWS, TIME = 10, 4, 12
SIZES = dict(
    vocab_size=90,
    max_position_embeddings=16,
    n_layers=2,
    n_heads=2,
    dim=16,
    hidden_dim=24,
    dropout=0.0,
    attention_dropout=0.0,
    seq_classif_dropout=0.0,
    activation="gelu",
)


def draw_batch(generator):
    lengths = [TIME] + torch.randint(4, TIME, (ROWS - 1,), generator=generator).tolist()
    ids = torch.randint(1, SIZES["vocab_size"], (ROWS, TIME), generator=generator)
    mask = torch.tensor([[int(i < length) for i in range(TIME)] for length in lengths])
    return ids * mask, mask, torch.randint(0, 2, (ROWS,), generator=generator)


def contiguous(tensors):
    return {name: tensor.detach().clone().contiguous() for name, tensor in tensors}


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(11)
    generator = torch.Generator().manual_seed(12)
    model = DistilBertForSequenceClassification(DistilBertConfig(**SIZES, num_labels=2, initializer_range=0.2))
    model.train()
    save_file(contiguous(model.named_parameters()), folder / "initial.safetensors")

    matrices = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3)
    schedule = get_linear_schedule_with_warmup(optimizer, 2, STEPS)

    steps = []
    for step in range(STEPS):
        ids, mask, labels = draw_batch(generator)
        output = model(input_ids=ids, attention_mask=mask, labels=labels)
        output.loss.backward()
        if step == 0:
            first_logits = output.logits.tolist()
            gradients = ((name, p.grad) for name, p in model.named_parameters())
            save_file(contiguous(gradients), folder / "gradients-step1.safetensors")
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        steps.append(
            dict(
                input_ids=ids.tolist(),
                attention_mask=mask.tolist(),
                labels=labels.tolist(),
                loss=output.loss.item(),
                grad_norm_before_clip=norm.item(),
                lr=optimizer.param_groups[0]["lr"],
            )
        )
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()

    save_file(contiguous(model.named_parameters()), folder / "after-10-steps.safetensors")
    (folder / "config.json").write_text(json.dumps(SIZES, indent=1) + "\n")
    (folder / "steps.json").write_text(json.dumps(dict(logits_step1=first_logits, steps=steps)) + "\n")


main(Path(sys.argv[1]))
