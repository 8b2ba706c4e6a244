"""Run a notebook as a job, here or on Databricks: `from analysis.jobs import Job, LocalRunner`.

    job = Job(notebook, parameters, price_file, output_dir)
    LocalRunner().run(job)                            # -> path of forecast_output.csv
    DatabricksRunner(connect(settings)).run(job)      # the same, on a cluster made for it and deleted afterwards

`DatabricksRunner` is made of the steps below, which can be called one by one; `connect` gives their first argument.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.jobs.databricks.clusters import create_cluster, delete_cluster, get_cluster_status
    from analysis.jobs.databricks.runner import DatabricksRunner
    from analysis.jobs.databricks.runs import get_job_run_status, submit_notebook_run
    from analysis.jobs.databricks.storage import download_from_dbfs, upload_to_dbfs
    from analysis.jobs.databricks.workspace import connect
    from analysis.jobs.job import Job
    from analysis.jobs.local import LocalRunner
    from analysis.jobs.plot import plot_forecast_data
    from analysis.jobs.price_file import fetch_bitcoin_data

__all__ = [
    "DatabricksRunner",
    "Job",
    "LocalRunner",
    "connect",
    "create_cluster",
    "delete_cluster",
    "download_from_dbfs",
    "fetch_bitcoin_data",
    "get_cluster_status",
    "get_job_run_status",
    "plot_forecast_data",
    "submit_notebook_run",
    "upload_to_dbfs",
]

HOMES = {
    "price_file": ("fetch_bitcoin_data",),
    "databricks.clusters": ("create_cluster", "delete_cluster", "get_cluster_status"),
    "databricks.runner": ("DatabricksRunner",),
    "databricks.runs": ("get_job_run_status", "submit_notebook_run"),
    "databricks.storage": ("download_from_dbfs", "upload_to_dbfs"),
    "databricks.workspace": ("connect",),
    "job": ("Job",),
    "local": ("LocalRunner",),
    "plot": ("plot_forecast_data",),
}


def __getattr__(name: str) -> Any:  # noqa: ANN401  # a class or a function
    """Import the module at the first use: the SDK and papermill take a second each, which the other needs not pay."""
    home = next((module for module, names in HOMES.items() if name in names), None)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
