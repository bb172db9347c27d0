"""Writes the seeded experiment into MLflow's database through its own table classes (over REST it would take a quarter of an hour)."""

import sys

from mlflow.store.tracking.dbmodels.models import SqlExperiment, SqlLatestMetric, SqlMetric, SqlParam, SqlRun, SqlTag
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import insert

uri, artifacts, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = SqlAlchemyStore(uri, artifacts)
experiment = int(store.create_experiment("seeded"))
runs, params, tags, metrics, latest = [], [], [], [], []
for i in range(count):
    run = f"{i:032x}"
    start = 1_600_000_000_000 + i
    runs.append(
        dict(run_uuid=run, name=f"run-{i}", source_type="UNKNOWN", source_name="", entry_point_name="", user_id="bench", status="FINISHED",
             start_time=start, end_time=start + 5, source_version="", lifecycle_stage="active", artifact_uri=f"{artifacts}/{run}",
             experiment_id=experiment)
    )
    values = {"optimizer": ["adamw", "sgd"][i % 2], **{f"param-{p}": str(p * i) for p in range(9)}}
    params += [dict(run_uuid=run, key=key, value=value) for key, value in values.items()]
    given = {"mlflow.runName": f"run-{i}", "mlflow.user": "bench", "mlflow.source.name": "load.py"}
    tags += [dict(run_uuid=run, key=key, value=value) for key, value in given.items()]
    for key, value in {"accuracy": (i % 5000) / 5000, "loss": 1 / (i + 1), "f1": (i % 777) / 777}.items():
        row = dict(run_uuid=run, key=key, value=value, timestamp=start, step=0, is_nan=False)
        metrics.append(row)
        latest.append(row)
with store.engine.begin() as connection:
    for table, rows in [(SqlRun, runs), (SqlParam, params), (SqlTag, tags), (SqlMetric, metrics), (SqlLatestMetric, latest)]:
        for start in range(0, len(rows), 5000):
            connection.execute(insert(table), rows[start : start + 5000])
print(experiment)
