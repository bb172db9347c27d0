"""Measures servers that speak MLflow's REST protocol in alternating rounds, so that what else the machine does strikes all of them.

Each call is timed from its first byte sent to its last byte received, over a kept connection. The client is a bare socket, since Python's
http.client takes as long for a small call as the faster servers do; what it asks is encoded before, and what it got is read after the clock stops.
Only the server that is asked runs: the processes of the others are stopped meanwhile (SIGSTOP). Idle servers are not idle: MLflow's has workers and
job consumers that poll, ours has queues, every PostgreSQL has its housekeeping, and on two cores each of them lengthens what the others are timed at.
After each change of sides the one that runs again is asked without the clock first, equally long at every side: a processor that others used
meanwhile is slow at the first calls, and by count the faster server would be timed within the milliseconds in which the slower one makes its second call.
The socket acknowledges at once (TCP_QUICKACK): a server that writes its head and its body apart would otherwise wait 40 ms a call for the delayed
acknowledgement, and beating that proves nothing.
"""

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.parse

QUICKACK = getattr(socket, "TCP_QUICKACK", None)
FIGURES = ["create", "log_batch", "log_metric", "search", "search_filtered"]
BEST_ACCURACY = 0.9996


class Connection:
    def __init__(self, url):
        parsed = urllib.parse.urlparse(url)
        self.host = parsed.netloc
        self.address = (parsed.hostname, parsed.port)
        self.open()

    def open(self):
        self.socket = socket.create_connection(self.address, timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self):
        self.socket.close()

    def encode(self, path, body):
        data = json.dumps(body).encode()
        head = (
            f"POST /api/2.0/mlflow/{path} HTTP/1.1\r\nHost: {self.host}\r\nAccept: */*\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        )
        return head.encode() + data

    def receive(self):
        # The kernel forgets it, so it is said again before each read.
        if QUICKACK is not None:
            self.socket.setsockopt(socket.IPPROTO_TCP, QUICKACK, 1)
        part = self.socket.recv(1 << 20)
        if part == b"":
            raise RuntimeError("the server closed the connection")
        return part

    def exchange(self, request):
        """@returns the answer's head and body, and the milliseconds until its last byte was there"""
        start = time.perf_counter()
        self.socket.sendall(request)
        got = self.receive()
        while b"\r\n\r\n" not in got:
            got += self.receive()
        head, body = got.split(b"\r\n\r\n", 1)
        lowered = head.lower()
        at = lowered.find(b"\r\ncontent-length:")
        parts, size = [body], len(body)
        if at >= 0:
            length = int(lowered[at + 17 :].split(b"\r\n", 1)[0])
            while size < length:
                parts.append(self.receive())
                size += len(parts[-1])
        elif b"\r\ntransfer-encoding: chunked" in lowered:
            while not b"".join(parts[-2:]).endswith(b"0\r\n\r\n"):
                parts.append(self.receive())
        elif not lowered.split(b"\r\n", 1)[0].endswith(b"204 no content"):
            raise RuntimeError(f"the answer has no length: {head!r}")
        elapsed = (time.perf_counter() - start) * 1000
        body = b"".join(parts)
        if b" 200 " not in head.split(b"\r\n", 1)[0] + b" ":
            raise RuntimeError(f"{request[:200]!r}: {head!r} {body[:500]!r}")
        return (body if at >= 0 else unchunk(body)), elapsed

    def call(self, path, body):
        answer, _ = self.exchange(self.encode(path, body))
        return json.loads(answer)


def unchunk(body):
    data = b""
    while body:
        size, rest = body.split(b"\r\n", 1)
        length = int(size.split(b";")[0], 16)
        if length == 0:
            break
        data, body = data + rest[:length], rest[length + 2 :]
    return data


class Target:
    """One server, and the calls that are measured there; each returns its milliseconds."""

    def __init__(self, name, url, seeded, processes):
        self.name, self.seeded, self.processes = name, seeded, processes
        self.connection = Connection(url)
        self.count = 0
        self.experiment = self.connection.call("experiments/create", {"name": f"bench-{time.time_ns()}"})["experiment_id"]
        self.run = json.loads(self.start_run(0)[0])["run"]["info"]["run_id"]

    def start_run(self, i):
        body = {
            "experiment_id": self.experiment,
            "run_name": f"run-{i}",
            "start_time": 1_700_000_000_000 + i,
            "tags": [{"key": "mlflow.user", "value": "bench"}, {"key": "mlflow.source.name", "value": "load.py"}],
        }
        return self.connection.exchange(self.connection.encode("runs/create", body))

    def create(self, i):
        answer, creating = self.start_run(i)
        run = json.loads(answer)["run"]["info"]["run_id"]
        params = [{"key": f"param-{p}", "value": str(p * i)} for p in range(10)]
        request = self.connection.encode("runs/log-batch", {"run_id": run, "params": params})
        return creating + self.connection.exchange(request)[1]

    def log_batch(self, i):
        metrics = [
            {"key": f"metric-{m % 20}", "value": m / 7, "timestamp": 1_700_000_000_000 + i, "step": i * 50 + m // 20}
            for m in range(1000)
        ]
        return self.connection.exchange(self.connection.encode("runs/log-batch", {"run_id": self.run, "metrics": metrics}))[1]

    def log_metric(self, i):
        body = {"run_id": self.run, "key": "loss", "value": 1 / (i + 1), "timestamp": 1_700_000_000_000 + i, "step": i}
        return self.connection.exchange(self.connection.encode("runs/log-metric", body))[1]

    def search(self, i):
        body = {"experiment_ids": [self.seeded], "max_results": 1000}
        answer, elapsed = self.connection.exchange(self.connection.encode("runs/search", body))
        runs = json.loads(answer)["runs"]
        assert len(runs) == 1000, len(runs)
        assert all(len(run["data"]["params"]) == 10 and len(run["data"]["metrics"]) >= 3 for run in runs)
        return elapsed

    def search_filtered(self, i):
        body = {
            "experiment_ids": [self.seeded],
            "filter": "metrics.accuracy > 0.5 and params.optimizer = 'adamw'",
            "order_by": ["metrics.accuracy DESC"],
            "max_results": 100,
        }
        answer, elapsed = self.connection.exchange(self.connection.encode("runs/search", body))
        runs = json.loads(answer)["runs"]
        assert len(runs) == 100, len(runs)
        best = [metric["value"] for metric in runs[0]["data"]["metrics"] if metric["key"] == "accuracy"]
        assert best == [BEST_ACCURACY], best
        return elapsed

    def measure(self, figure, settle_seconds, repeats):
        """A connection of its own, since servers close idle ones; behind it may stand another of the server's processes, which is warmed up first."""
        self.connection.close()
        self.connection.open()
        self.repeat(figure, settle_seconds)
        return [self.call_once(figure) for _ in range(repeats)]

    def repeat(self, figure, seconds):
        end = time.perf_counter() + seconds
        while True:
            self.call_once(figure)
            if time.perf_counter() >= end:
                break

    def call_once(self, figure):
        self.count += 1
        return getattr(self, figure)(self.count)

    def warm_up(self, seconds):
        """As after some minutes of use: plans are made, pages cached, and V8 has compiled what runs often (CPython compiles nothing, but waits as long)."""
        for figure in FIGURES:
            self.measure(figure, seconds, 0)


def descendants(processes):
    """The processes and all that they started: PostgreSQL's and uvicorn's workers lead groups of their own, so a group is not enough."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = [tuple(int(word) for word in line.split()) for line in listed.splitlines()]
    found = list(processes)
    for process in found:
        found += [child for child, parent in parents if parent == process]
    return found


def send(processes, number):
    for process in processes:
        try:
            os.kill(process, number)
        except ProcessLookupError:
            pass


class Alone:
    """Lets one target run at a time."""

    def __init__(self, targets):
        self.targets, self.stopped = targets, {}

    def run(self, target):
        for other in self.targets:
            if other is not target and other.name not in self.stopped:
                self.stopped[other.name] = descendants(other.processes)
                send(self.stopped[other.name], signal.SIGSTOP)
        # Workers first: who watches over them finds them awake.
        send(reversed(self.stopped.pop(target.name, [])), signal.SIGCONT)

    def end(self):
        for processes in self.stopped.values():
            send(reversed(processes), signal.SIGCONT)


def main(order):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    targets = [Target(**target) for target in order["targets"]]
    durations = {target.name: {figure: [] for figure in FIGURES} for target in targets}
    alone = Alone(targets)
    try:
        for target in targets:
            alone.run(target)
            target.warm_up(order["warm_up_seconds"])
        for round in range(order["rounds"]):
            for figure in FIGURES:
                for at in range(len(targets)):
                    target = targets[(at + round) % len(targets)]
                    alone.run(target)
                    durations[target.name][figure] += target.measure(figure, order["settle_seconds"], order["repeats"][figure])
    finally:
        alone.end()
    print(
        json.dumps(
            {
                name: {
                    figure: {"median_ms": statistics.median(list), "worst_ms": max(list), "repeats": len(list)}
                    for figure, list in figures.items()
                }
                for name, figures in durations.items()
            }
        )
    )


if __name__ == "__main__":
    main(json.load(sys.stdin))
