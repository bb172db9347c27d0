"""Asks a running copyloop with Triton's own HTTP client, in JSON and with binary tensors: python triton_client.py 127.0.0.1:8080 MODEL EXPECTED"""
import sys

import numpy as np
import tritonclient.http as triton

address, model, expected = sys.argv[1], sys.argv[2], float(sys.argv[3])
TEXT = "Lamp a lovely bright lamp"

client = triton.InferenceServerClient(address)
assert client.is_server_live()
assert client.is_server_ready()
assert client.is_model_ready(model)
metadata = client.get_model_metadata(model)
assert [i["name"] for i in metadata["inputs"]] == ["text"], metadata
assert client.get_server_metadata()["name"] == "copyloop"
assert client.get_model_repository_index()[0]["state"] == "READY"

texts = np.array([TEXT.encode(), "broken ☕".encode()], dtype=np.object_)
for binary in (True, False):
    tensor = triton.InferInput("text", [2], "BYTES")
    tensor.set_data_from_numpy(texts, binary_data=binary)
    outputs = [triton.InferRequestedOutput(name, binary_data=binary) for name in ("probability", "label")]
    for wanted in (outputs, None):
        result = client.infer(model, [tensor], outputs=wanted, request_id="r1")
        scores = result.as_numpy("probability")
        assert scores.shape == (2,) and abs(scores[0] - expected) < 0.05, (scores, expected)
        assert result.as_numpy("label").shape == (2,)
        assert result.get_response()["id"] == "r1"

bad = triton.InferInput("text", [1], "FP32")
bad.set_data_from_numpy(np.zeros([1], dtype=np.float32), binary_data=False)
try:
    client.infer(model, [bad])
except triton.InferenceServerException as refused:
    assert "datatype" in str(refused), refused
else:
    raise AssertionError("a wrong datatype was taken")
print("ok")
