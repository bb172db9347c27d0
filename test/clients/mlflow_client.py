"""The unmodified MLflow client against a fresh copyloop, step by step: runs, artifacts, registry and search.

Started by run-mlflow-client.ts, which sets MLFLOW_TRACKING_URI. Each step prints one line; the first failure ends the script.
"""

import hashlib
import json
import math
import os
import subprocess
import sys
import tempfile
import time

import mlflow
import numpy as np
import pandas as pd
import requests
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from sklearn.linear_model import LogisticRegression

URI = os.environ["MLFLOW_TRACKING_URI"]
BIG_MB = int(os.environ.get("COPYLOOP_BIG_MB", "200"))
client = MlflowClient()
steps = []


def step(function):
    steps.append(function)
    return function


def refused(code, function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except MlflowException as error:
        assert error.error_code == code, f"expected {code}, got {error.error_code}: {error}"
        return str(error)
    raise AssertionError(f"{function.__name__} was not refused")


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@step
def server_says_who_it_is():
    assert requests.get(f"{URI}/version", timeout=10).text.count(".") == 2
    info = requests.get(f"{URI}/api/3.0/mlflow/server-info", timeout=10).json()
    assert info["multipart_uploads_enabled"] is False


@step
def default_experiment_is_there():
    experiment = client.get_experiment("0")
    assert (experiment.name, experiment.lifecycle_stage) == ("Default", "active")


@step
def experiments():
    first = client.create_experiment("first", tags={"team": "copy", "ünï": "🦉"})
    assert client.get_experiment_by_name("first").experiment_id == first
    assert client.get_experiment_by_name("no such") is None
    refused("RESOURCE_ALREADY_EXISTS", client.create_experiment, "first")
    client.set_experiment_tag(first, "team", "growth")
    assert client.get_experiment(first).tags == {"team": "growth", "ünï": "🦉"}
    client.delete_experiment_tag(first, "ünï")
    assert client.get_experiment(first).tags == {"team": "growth"}
    client.rename_experiment(first, "renamed")
    client.delete_experiment(first)
    assert client.get_experiment(first).lifecycle_stage == "deleted"
    assert "renamed" not in [e.name for e in client.search_experiments()]
    assert "renamed" in [e.name for e in client.search_experiments(view_type=ViewType.DELETED_ONLY)]
    client.restore_experiment(first)
    for i in range(7):
        client.create_experiment(f"many-{i}")
    found, token = [], None
    while True:
        page = client.search_experiments(filter_string="name LIKE 'many-%'", order_by=["name ASC"], max_results=3, page_token=token)
        found += [e.name for e in page]
        token = page.token
        if not token:
            break
    assert found == [f"many-{i}" for i in range(7)]
    refused("RESOURCE_DOES_NOT_EXIST", client.get_experiment, "424242")
    refused("INVALID_PARAMETER_VALUE", client.search_experiments, filter_string="nonsense = 'x'")


@step
def a_run_with_everything():
    mlflow.set_experiment("runs")
    with mlflow.start_run(run_name="parent", tags={"a": "1"}, description="a note") as parent:
        mlflow.log_param("lr", 0.1)
        mlflow.log_params({f"p{i}": i for i in range(50)})
        mlflow.log_metric("loss", 2.0, step=0)
        for i in range(5):
            mlflow.log_metric("loss", 1.0 / (i + 1), step=i + 1)
        mlflow.log_metrics({"acc": 0.5, "nan": math.nan, "up": math.inf, "down": -math.inf}, step=1)
        mlflow.set_tags({"b": "2", "long": "x" * 5000})
        with mlflow.start_run(run_name="child", nested=True) as child:
            mlflow.log_metric("acc", 0.9)
    run = client.get_run(parent.info.run_id)
    assert run.info.status == "FINISHED" and run.info.end_time >= run.info.start_time
    assert run.info.run_name == "parent" and run.data.tags["mlflow.note.content"] == "a note"
    assert run.data.params["lr"] == "0.1" and len(run.data.params) == 51
    assert run.data.metrics["loss"] == 0.2 and math.isnan(run.data.metrics["nan"])
    assert run.data.metrics["up"] == math.inf and run.data.metrics["down"] == -math.inf
    assert run.data.tags["long"] == "x" * 5000
    history = client.get_metric_history(run.info.run_id, "loss")
    assert [m.value for m in sorted(history, key=lambda m: m.step)] == [2.0, 1.0, 1 / 2, 1 / 3, 1 / 4, 1 / 5]
    assert client.get_run(child.info.run_id).data.tags["mlflow.parentRunId"] == run.info.run_id
    assert client.get_parent_run(child.info.run_id).info.run_id == run.info.run_id
    client.log_param(run.info.run_id, "lr", 0.1)
    refused("INVALID_PARAMETER_VALUE", client.log_param, run.info.run_id, "lr", 0.2)
    client.delete_tag(run.info.run_id, "b")
    assert "b" not in client.get_run(run.info.run_id).data.tags
    refused("RESOURCE_DOES_NOT_EXIST", client.delete_tag, run.info.run_id, "b")
    client.delete_run(child.info.run_id)
    assert client.get_run(child.info.run_id).info.lifecycle_stage == "deleted"
    client.restore_run(child.info.run_id)
    refused("RESOURCE_DOES_NOT_EXIST", client.get_run, "0" * 32)


@step
def a_batch_of_a_thousand():
    run = client.create_run("0")
    now = int(time.time() * 1000)
    metrics = [Metric(f"m{i % 100}", i / 7, now + i, i) for i in range(850)]
    params = [Param(f"p{i}", "v" * 500) for i in range(100)]
    tags = [RunTag(f"t{i}", str(i)) for i in range(50)]
    client.log_batch(run.info.run_id, metrics, params, tags)
    client.log_batch(run.info.run_id, metrics, params, tags)
    data = client.get_run(run.info.run_id).data
    assert len(data.metrics) == 100 and len(data.params) == 100
    assert len(client.get_metric_history(run.info.run_id, "m0")) == 9
    client.set_terminated(run.info.run_id, "FAILED")
    assert client.get_run(run.info.run_id).info.status == "FAILED"


@step
def datasets_as_inputs():
    frame = pd.DataFrame({"text": ["a", "b"], "label": [0, 1]})
    dataset = mlflow.data.from_pandas(frame, name="reviews", targets="label")
    with mlflow.start_run() as run:
        mlflow.log_input(dataset, context="training", tags={"kind": "real"})
    (given,) = client.get_run(run.info.run_id).inputs.dataset_inputs
    assert (given.dataset.name, given.dataset.digest) == ("reviews", dataset.digest)
    assert {tag.key: tag.value for tag in given.tags}["mlflow.data.context"] == "training"
    found = client.search_runs([run.info.experiment_id], "dataset.name = 'reviews'")
    assert [r.info.run_id for r in found] == [run.info.run_id]


@step
def searching_runs():
    experiment = client.create_experiment("search")
    ids = []
    for i in range(25):
        run = client.create_run(experiment, run_name=f"run-{i}", start_time=1000 + i)
        client.log_batch(
            run.info.run_id,
            [Metric("val acc", i / 100, 1, 0)],
            [Param("optimizer", ["AdamW", "sgd"][i % 2])],
            [RunTag("mlflow.source.name", f"train{i % 5}.py")],
        )
        ids.append(run.info.run_id)

    def find(filter_string="", **options):
        return [ids.index(r.info.run_id) for r in client.search_runs([experiment], filter_string, **options)]

    assert find() == list(range(24, -1, -1))
    assert find('metrics."val acc" > 0.2 and params.optimizer = "AdamW"') == [24, 22]
    assert find("metrics.`val acc` <= 0.02", order_by=["start_time ASC"]) == [0, 1, 2]
    assert find("params.optimizer ILIKE 'adam%' AND tags.mlflow.source.name = 'train0.py'") == [20, 10, 0]
    assert find("attributes.run_name LIKE 'run-2%'") == [24, 23, 22, 21, 20, 2]
    assert find(f"run_id IN ('{ids[3]}', '{ids[7]}')") == [7, 3]
    assert find("attributes.status != 'RUNNING'") == []
    assert find(order_by=['metrics."val acc" DESC'], max_results=3) == [24, 23, 22]
    paged, token = [], None
    while True:
        page = client.search_runs([experiment], max_results=10, page_token=token, order_by=['metrics."val acc" ASC'])
        paged += [ids.index(r.info.run_id) for r in page]
        token = page.token
        if not token:
            break
    assert paged == list(range(25))
    refused("INVALID_PARAMETER_VALUE", client.search_runs, [experiment], "metrics.x > 'a'")
    refused("INVALID_PARAMETER_VALUE", client.search_runs, [experiment], "params.x = 'a' OR params.x = 'b'")
    frame = mlflow.search_runs(experiment_ids=[experiment], filter_string="params.optimizer = 'sgd'")
    assert len(frame) == 12 and "metrics.val acc" in frame.columns


@step
def artifacts_up_and_down():
    with tempfile.TemporaryDirectory() as folder, mlflow.start_run() as run:
        os.makedirs(f"{folder}/deep/er")
        for name in ["a.txt", "deep/b.txt", "deep/er/c d ü%.txt"]:
            with open(f"{folder}/{name}", "w") as file:
                file.write(name)
        mlflow.log_artifact(f"{folder}/a.txt", "single")
        mlflow.log_artifacts(folder, "tree")
        mlflow.log_text("hello", "texts/hello.txt")
        mlflow.log_dict({"a": [1, 2]}, "a.json")
        mlflow.log_table({"x": [1, 2]}, "table.json")
        listed = {f.path: (f.is_dir, f.file_size) for f in client.list_artifacts(run.info.run_id)}
        assert listed["tree"] == (True, None) and listed["a.json"][0] is False, listed
        assert [f.path for f in client.list_artifacts(run.info.run_id, "tree/deep")] == ["tree/deep/b.txt", "tree/deep/er"]
        assert client.list_artifacts(run.info.run_id, "nowhere") == []
        down = client.download_artifacts(run.info.run_id, "tree", folder)
        with open(f"{down}/deep/er/c d ü%.txt") as file:
            assert file.read() == "deep/er/c d ü%.txt"
        assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/texts/hello.txt") == "hello"
        assert mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/a.json") == {"a": [1, 2]}


@step
def a_big_artifact():
    with tempfile.TemporaryDirectory() as folder, mlflow.start_run() as run:
        big = f"{folder}/big.bin"
        with open(big, "wb") as file:
            for _ in range(BIG_MB):
                file.write(os.urandom(1 << 20))
        start = time.time()
        mlflow.log_artifact(big)
        up = time.time()
        down = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="big.bin", dst_path=f"{folder}/out")
        end = time.time()
        assert sha256(down) == sha256(big)
        print(f"   {BIG_MB} MB up in {up - start:.2f} s, down in {end - up:.2f} s")


@step
def evil_paths_are_refused():
    with mlflow.start_run() as run:
        mlflow.log_text("x", "x.txt")
    base = f"{URI}/api/2.0/mlflow-artifacts/artifacts"
    for path in ["..%2f..%2fetc%2fpasswd", "%2e%2e%2fx", "%252e%252e%252fx", "%2fetc%2fpasswd", "a%5c..%5cx", "a%00b", "a%23b", "file:%2f%2f%2fetc%2fpasswd", "C:%2fx"]:
        for method in ["GET", "PUT", "DELETE"]:
            response = requests.request(method, f"{base}/{path}", data=b"evil" if method == "PUT" else None, timeout=10)
            assert response.status_code == 400, (method, path, response.status_code, response.text)
            assert response.json()["error_code"] == "INVALID_PARAMETER_VALUE"
        response = requests.get(f"{URI}/api/2.0/mlflow/artifacts/list?run_id={run.info.run_id}&path={path}", timeout=10)
        assert response.status_code == 400, (path, response.text)
        response = requests.get(f"{base}?path={path}", timeout=10)
        assert response.status_code == 400, (path, response.text)
    client.create_registered_model("evil")
    for source in ["/etc/passwd", "file:///etc", "../up", "mlflow-artifacts:/0/../../etc", "http://host/%2e%2e/x", "mlflow-artifacts:/0/other/artifacts", "runs:/other/model"]:
        response = requests.post(f"{URI}/api/2.0/mlflow/model-versions/create", json={"name": "evil", "source": source, "run_id": run.info.run_id}, timeout=10)
        assert response.status_code == 400, (source, response.text)


@step
def a_model_logged_registered_and_loaded_by_alias():
    x = np.array([[0.0], [1.0], [2.0], [3.0]])
    model = LogisticRegression().fit(x, [0, 0, 1, 1])
    mlflow.set_experiment("models")
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(model, name="model", input_example=x, params={"C": 1}, serialization_format="cloudpickle")
        mlflow.log_metric("accuracy", 1.0, model_id=info.model_id)
    version = mlflow.register_model(info.model_uri, "classifier", tags={"gate": "won"})
    assert version.version == "1" or version.version == 1
    client.set_registered_model_alias("classifier", "champion", "1")
    loaded = mlflow.pyfunc.load_model("models:/classifier@champion")
    assert list(loaded.predict(x)) == [0, 0, 1, 1]
    assert list(mlflow.sklearn.load_model("models:/classifier/1").predict(x)) == [0, 0, 1, 1]
    logged = mlflow.get_logged_model(info.model_id)
    assert str(logged.status) == "READY" and logged.params["C"] == "1", logged
    assert [m.value for m in logged.metrics if m.key == "accuracy"] == [1.0]
    found = mlflow.search_logged_models(experiment_ids=[run.info.experiment_id], filter_string="params.C = '1'", output_format="list")
    assert [m.model_id for m in found] == [info.model_id]
    outputs = client.get_run(run.info.run_id).outputs.model_outputs
    assert [o.model_id for o in outputs] == [info.model_id]
    mlflow.set_logged_model_tags(info.model_id, {"reviewed": "yes"})
    assert mlflow.get_logged_model(info.model_id).tags["reviewed"] == "yes"
    client.delete_logged_model_tag(info.model_id, "reviewed")


@step
def the_registry():
    client.create_registered_model("copy", tags={"team": "copy"}, description="writes copy")
    refused("RESOURCE_ALREADY_EXISTS", client.create_registered_model, "copy")
    run = client.create_run("0")
    source = f"{run.info.artifact_uri}/model"
    for i in range(4):
        version = client.create_model_version("copy", source, run.info.run_id, tags={"n": str(i)}, description=f"no {i}")
        assert int(version.version) == i + 1 and version.status == "READY"
    assert client.get_model_version("copy", "2").tags == {"n": "1"}
    assert client.get_model_version_download_uri("copy", "2") == source
    client.update_model_version("copy", "2", "better")
    assert client.get_model_version("copy", "2").description == "better"
    client.set_model_version_tag("copy", "2", "gate", "won")
    client.delete_model_version_tag("copy", "2", "n")
    assert client.get_model_version("copy", "2").tags == {"gate": "won"}
    client.set_registered_model_tag("copy", "owner", "me")
    client.delete_registered_model_tag("copy", "team")
    model = client.get_registered_model("copy")
    assert model.tags == {"owner": "me"} and model.description == "writes copy"
    client.set_registered_model_alias("copy", "champion", "2")
    client.set_registered_model_alias("copy", "champion", "3")
    assert int(client.get_model_version_by_alias("copy", "champion").version) == 3
    assert client.get_registered_model("copy").aliases == {"champion": "3"} or client.get_registered_model("copy").aliases == {"champion": 3}
    client.delete_registered_model_alias("copy", "champion")
    refused("INVALID_PARAMETER_VALUE", client.get_model_version_by_alias, "copy", "champion")
    refused("INVALID_PARAMETER_VALUE", client.set_registered_model_alias, "copy", "latest", "1")
    assert [int(v.version) for v in client.search_model_versions("name = 'copy'", order_by=["version_number ASC"])] == [1, 2, 3, 4]
    assert [int(v.version) for v in client.search_model_versions(f"run_id IN ('{run.info.run_id}') AND tags.gate = 'won'")] == [2]
    first = client.search_model_versions("name = 'copy'", max_results=3)
    second = client.search_model_versions("name = 'copy'", max_results=3, page_token=first.token)
    assert len(first) == 3 and len(second) == 1 and not second.token
    assert [m.name for m in client.search_registered_models("name ILIKE 'COP%'")] == ["copy"]
    client.delete_model_version("copy", "4")
    refused("RESOURCE_DOES_NOT_EXIST", client.get_model_version, "copy", "4")
    assert int(client.create_model_version("copy", source, run.info.run_id).version) == 5
    client.rename_registered_model("copy", "copy2")
    assert int(client.get_model_version("copy2", "3").version) == 3
    client.delete_registered_model("copy2")
    refused("RESOURCE_DOES_NOT_EXIST", client.get_registered_model, "copy2")


@step
def webhooks():
    made = client.create_webhook("hook", "https://93.184.216.34/hook", ["model_version_alias.created"], "a note", secret="s3cret")
    assert (made.name, str(made.status), [str(e) for e in made.events]) == ("hook", "ACTIVE", ["model_version_alias.created"])
    changed = client.update_webhook(made.webhook_id, status="DISABLED", events=["registered_model.created", "model_version_tag.set"])
    assert (str(changed.status), changed.description, len(changed.events)) == ("DISABLED", "a note", 2)
    assert [w.webhook_id for w in client.list_webhooks()] == [made.webhook_id]
    assert client.get_webhook(made.webhook_id).url == "https://93.184.216.34/hook"
    refused("PERMISSION_DENIED", client.create_webhook, "inside", "https://127.0.0.1/", ["registered_model.created"])
    refused("INVALID_PARAMETER_VALUE", client.create_webhook, "plain", "http://93.184.216.34/", ["registered_model.created"])
    client.delete_webhook(made.webhook_id)
    refused("RESOURCE_DOES_NOT_EXIST", client.get_webhook, made.webhook_id)


@step
def mlflow_evaluate():
    x = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]})
    model = LogisticRegression().fit(x, [0, 0, 1, 1])
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(model, name="evaluated", input_example=x, serialization_format="cloudpickle")
        data = x.assign(label=[0, 0, 1, 1])
        result = mlflow.models.evaluate(info.model_uri, data, targets="label", model_type="classifier", evaluator_config={"log_explainer": False, "log_model_explainability": False})
    assert result.metrics["accuracy_score"] == 1.0
    assert client.get_run(run.info.run_id).data.metrics["accuracy_score"] == 1.0


@step
def autolog():
    mlflow.sklearn.autolog(log_models=False)
    with mlflow.start_run() as run:
        LogisticRegression(C=0.5).fit(np.array([[0.0], [1.0], [2.0], [3.0]]), [0, 0, 1, 1])
    mlflow.sklearn.autolog(disable=True)
    data = client.get_run(run.info.run_id).data
    assert data.params["C"] == "0.5" and "training_accuracy_score" in data.metrics


@step
def the_command_line():
    experiment = client.get_experiment_by_name("search")
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "mlflow", "runs", "list", "--experiment-id", experiment.experiment_id]
    listed = subprocess.run(command, capture_output=True, text=True, env=environment, check=True).stdout
    assert "run-24" in listed and "run-0" in listed
    command = [sys.executable, "-m", "mlflow", "experiments", "search"]
    assert "search" in subprocess.run(command, capture_output=True, text=True, env=environment, check=True).stdout


if __name__ == "__main__":
    wanted = sys.argv[1:]
    failed = 0
    for function in steps:
        if wanted and function.__name__ not in wanted:
            continue
        start = time.time()
        try:
            function()
        except Exception as error:
            failed += 1
            import traceback

            traceback.print_exc()
            print(f"not ok {function.__name__}: {type(error).__name__} {str(error)[:500]}")
            continue
        print(f"ok {function.__name__} ({time.time() - start:.1f} s)", flush=True)
    print(json.dumps({"mlflow": mlflow.__version__, "steps": len(steps), "failed": failed}))
    sys.exit(1 if failed else 0)
