"""The reference server: Flask under gunicorn (two workers), PyTorch, the same encoder and head, texts padded to the longest of a request.

    MODEL_DIR=... gunicorn --workers 2 --bind 127.0.0.1:9000 --chdir bench/reference serve_pytorch:app
"""
import datetime
import os

import torch
from flask import Flask, jsonify, request
from transformers import AutoModelForSequenceClassification, AutoTokenizer

MAX_LENGTH = 128

# Two workers on two cores: one thread each, or they would take turns on the same cores.
torch.set_num_threads(int(os.environ.get("TORCH_THREADS", "1")))
tokenizer = AutoTokenizer.from_pretrained(os.environ["MODEL_DIR"])
model = AutoModelForSequenceClassification.from_pretrained(os.environ["MODEL_DIR"], dtype=torch.float32).eval()

app = Flask(__name__)


@app.get("/health")
def health():
    return jsonify(status="healthy")


@app.post("/predict")
def predict():
    product = request.get_json()
    title, description = product["title"], product["description"]
    text = f"{title} {description}" if title else description
    inputs = tokenizer([text], padding="longest", truncation=True, max_length=MAX_LENGTH, return_tensors="pt")
    inputs.pop("token_type_ids", None)
    with torch.inference_mode():
        score = torch.softmax(model(**inputs).logits, dim=-1)[0, 1].item()
    return jsonify(
        status="success",
        data={
            "title": title,
            "description": description,
            "social_media_caption": f"Discover {title}! {description[:100]}",
            "hashtags": ["#" + word for word in title.split()[:5]],
            "ad_copy": f"{title}: {description[:90]}",
            "confidence_score": score,
            "generated_at": datetime.datetime.now(datetime.timezone.utc).isoformat(),
        },
    )
