"""TF-IDF and logistic regression on CSV files of labelled rows: what a model of language has to beat.

usage: baseline_sklearn.py TRAIN.csv VALIDATION.csv HOLDOUT.csv

Columns title, description, label, as src/ml/rows.ts reads them. The strength of the regularisation is chosen on the
validation rows, then the model is fitted on training and validation rows together. Prints one line of JSON.
"""

import csv
import json
import sys

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline


def read_rows(file):
    with open(file, newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    texts = [f"{r['title']} {r['description']}" if r["title"] else r["description"] for r in rows]
    return texts, [int(r["label"]) for r in rows]


def fit(strength, texts, labels):
    features = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    return make_pipeline(features, LogisticRegression(C=strength, max_iter=2000)).fit(texts, labels)


def main(train_file, validation_file, holdout_file):
    train, validation, holdout = (read_rows(f) for f in (train_file, validation_file, holdout_file))

    def validation_loss(strength):
        model = fit(strength, *train)
        return log_loss(validation[1], model.predict_proba(validation[0])[:, 1])

    strength = min((0.1, 0.3, 1, 3, 10, 30), key=validation_loss)
    model = fit(strength, train[0] + validation[0], train[1] + validation[1])
    texts, labels = holdout
    probabilities = model.predict_proba(texts)[:, 1]
    called = probabilities >= 0.5
    print(
        json.dumps(
            {
                "accuracy": accuracy_score(labels, called),
                "f1": f1_score(labels, called),
                "rocAuc": roc_auc_score(labels, probabilities),
                "logLoss": log_loss(labels, probabilities),
                "strength": strength,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
