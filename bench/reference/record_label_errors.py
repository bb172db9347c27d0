"""Writes fixtures/label-errors.json: the rows that cleanlab finds among labels and out-of-fold probabilities.

With cleanlab 2.9.0 on Python 3.11: python bench/reference/record_label_errors.py > fixtures/label-errors.json

A case is a two-class problem with a share of flipped labels; probabilities are drawn as a model of middling skill gives them.
"""

import json

import numpy as np
from cleanlab.filter import find_label_issues

CASES = [
    # rows, share of positives, share of flipped labels, skill
    (400, 0.5, 0.1, 2.0),
    (400, 0.5, 0.2, 1.5),
    (400, 0.82, 0.1, 1.2),
    (400, 0.3, 0.2, 0.6),
    (60, 0.1, 0.05, 3.0),
    (200, 0.5, 0.0, 4.0),
]


def draw(seed, rows, positives, flipped, skill):
    random = np.random.default_rng(seed)
    truth = (random.random(rows) < positives).astype(int)
    labels = np.where(random.random(rows) < flipped, 1 - truth, truth)
    logits = skill * (2 * truth - 1) + random.normal(size=rows) * 1.5 + np.log(positives / (1 - positives))
    one = np.round(1 / (1 + np.exp(-logits)), 6)
    found = find_label_issues(labels, np.stack([1 - one, one], axis=1), return_indices_ranked_by="self_confidence")
    return {"labels": labels.tolist(), "probabilities": one.tolist(), "found": [int(row) for row in found]}


print(json.dumps([draw(seed, *case) for seed, case in enumerate(CASES)], separators=(",", ":")))
