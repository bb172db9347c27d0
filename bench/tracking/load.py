"""Loads a server that speaks MLflow's REST protocol, over one kept connection, and prints medians as one line of JSON.

The socket acknowledges at once (TCP_QUICKACK): a server that writes its head and its body apart would otherwise wait 40 ms a call for the
delayed acknowledgement, and beating that proves nothing. Standard library alone, so that every server pays the same small client cost.
"""

import http.client
import json
import socket
import statistics
import sys
import time
import urllib.parse

QUICKACK = getattr(socket, "TCP_QUICKACK", None)


class Client:
    def __init__(self, url):
        parsed = urllib.parse.urlparse(url)
        self.connection = http.client.HTTPConnection(parsed.hostname, parsed.port, timeout=120)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def quick(self):
        # The kernel forgets it, so it is said again before each read.
        if QUICKACK is not None and self.connection.sock is not None:
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, QUICKACK, 1)

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        self.quick()
        self.connection.request(method, f"/api/2.0/mlflow/{path}", data, {"Content-Type": "application/json"})
        self.quick()
        response = self.connection.getresponse()
        self.quick()
        text = response.read()
        if response.status != 200:
            raise RuntimeError(f"{method} {path}: {response.status} {text[:500]}")
        return json.loads(text)


def timed(function, repeats, warm=2):
    durations = []
    for i in range(repeats + warm):
        start = time.perf_counter()
        function(i)
        if i >= warm:
            durations.append((time.perf_counter() - start) * 1000)
    return {"median_ms": statistics.median(durations), "worst_ms": max(durations), "repeats": repeats}


def main(url, seeded_experiment, repeats):
    client = Client(url)
    experiment = client.call("POST", "experiments/create", {"name": f"bench-{time.time_ns()}"})["experiment_id"]

    def create_run(i):
        run = client.call(
            "POST",
            "runs/create",
            {
                "experiment_id": experiment,
                "run_name": f"run-{i}",
                "start_time": 1_700_000_000_000 + i,
                "tags": [{"key": "mlflow.user", "value": "bench"}, {"key": "mlflow.source.name", "value": "load.py"}],
            },
        )["run"]["info"]["run_id"]
        params = [{"key": f"param-{p}", "value": str(p * i)} for p in range(10)]
        client.call("POST", "runs/log-batch", {"run_id": run, "params": params})
        return run

    run = create_run(-1)

    def log_batch(i):
        metrics = [
            {"key": f"metric-{m % 20}", "value": m / 7, "timestamp": 1_700_000_000_000 + i, "step": i * 50 + m // 20}
            for m in range(1000)
        ]
        client.call("POST", "runs/log-batch", {"run_id": run, "metrics": metrics})

    def log_metric(i):
        client.call(
            "POST", "runs/log-metric", {"run_id": run, "key": "loss", "value": 1 / (i + 1), "timestamp": 1_700_000_000_000 + i, "step": i}
        )

    def search_first_page(i):
        page = client.call("POST", "runs/search", {"experiment_ids": [seeded_experiment], "max_results": 1000})
        assert len(page["runs"]) == 1000, len(page["runs"])

    def search_filtered(i):
        body = {
            "experiment_ids": [seeded_experiment],
            "filter": "metrics.accuracy > 0.5 and params.optimizer = 'adamw'",
            "order_by": ["metrics.accuracy DESC"],
            "max_results": 100,
        }
        page = client.call("POST", "runs/search", body)
        assert len(page["runs"]) == 100, len(page["runs"])
        best = [metric["value"] for metric in page["runs"][0]["data"]["metrics"] if metric["key"] == "accuracy"]
        assert best == [0.9996], best

    result = {
        "create": timed(create_run, repeats["create"]),
        "log_batch": timed(log_batch, repeats["log_batch"]),
        "log_metric": timed(log_metric, repeats["log_metric"]),
        "search": timed(search_first_page, repeats["search"], 1),
        "search_filtered": timed(search_filtered, repeats["search"], 1),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
