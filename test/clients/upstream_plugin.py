"""pytest plugin: MLflow's own tests find copyloop where they would start MLflow's server. See run-upstream-tests.ts."""

import contextlib
import os

import pytest
import requests

import tests.tracking.integration_test_utils as integration
from mlflow.utils import providers, workspace_context

# The tests may be some versions away from the installed client.
if not hasattr(workspace_context, "clear_workspace"):
    workspace_context.clear_workspace = lambda: None
if not hasattr(providers, "_PROVIDER_BACKEND_AVAILABLE"):
    providers._PROVIDER_BACKEND_AVAILABLE = False


def fresh_copyloop():
    response = requests.post(os.environ["COPYLOOP_CONTROL"], timeout=60)
    response.raise_for_status()
    return response.text


class CopyloopThread:
    def __init__(self, app, port):
        pass

    def __enter__(self):
        self.url = fresh_copyloop()
        return self.url

    def __exit__(self, *exc):
        return False


@contextlib.contextmanager
def init_copyloop(*args, **kwargs):
    yield fresh_copyloop()


integration.ServerThread = CopyloopThread
integration._init_server = init_copyloop


def pytest_collection_modifyitems(config, items):
    """The same tests come once for each of MLflow's own stores; one copyloop needs them once."""
    kept = [item for item in items if "[file" not in item.name]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
