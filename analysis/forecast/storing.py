"""Hand an evaluation to the lake: the Spark job, which alone writes tables, stores it in gold."""

from __future__ import annotations

import io
import time
from collections.abc import Callable

import pandas as pd

from analysis.forecast.results import Results
from pipeline.errors import ServiceError
from pipeline.presto import Presto
from pipeline.serving.requests import FAULT, READY
from pipeline.settings import Settings
from pipeline.tables.forecasts import FORECAST_SCORES, FORECASTS
from pipeline.verbs.hdfs_folders import delete_folder, make_folder, read_file, write_file

WITHIN_S = 300.0  # the Spark job may be at work on millions of minutes
LOOK_AGAIN_S = 1.0


def store(
    results: Results,
    settings: Settings,
    *,
    within_s: float = WITHIN_S,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> str:
    """Put an evaluation into `gold.forecasts` and `gold.forecast_scores`, wait until both have it, return its run id.

    A run that is handed in twice is stored once.

    Raises:
        ServiceError: the lake does not answer, refuses the rows, or takes longer than `within_s`; then it stores them
            when it is back.
    """
    run = str(results.scores["run_id"].iloc[0])
    folder = f"{settings.lake.forecast_requests}/{run}"
    make_folder(settings, folder)
    for table, frame in ((FORECASTS, results.forecasts), (FORECAST_SCORES, results.scores)):
        write_file(settings, f"{folder}/{table.name}.parquet", to_parquet(frame))
    write_file(settings, f"{folder}/{READY}", b"")
    presto = Presto(settings.lake.presto_url, source="coinlake-forecasts")
    until = clock() + within_s
    while not _is_stored(presto, run, len(results.scores)):
        if (fault := _fault(settings, folder)) is not None:
            delete_folder(settings, folder)
            raise ServiceError(f"the forecasts of run {run} cannot be stored: {fault}")
        if clock() > until:
            raise ServiceError(
                f"the Spark job has not stored run {run} within {within_s:g} s; it does when it works again: "
                "see pipeline_status.sh"
            )
        sleep(LOOK_AGAIN_S)
    return run


def to_parquet(frame: pd.DataFrame) -> bytes:
    """Return the rows as a Parquet file, times in microseconds, as Spark and Presto have them."""
    target = io.BytesIO()
    frame.to_parquet(target, index=False, coerce_timestamps="us")
    return target.getvalue()


def _is_stored(presto: Presto, run: str, scores: int) -> bool:
    """Tell whether the scores, which are stored last, are there."""
    ((count,),) = presto.rows(f"SELECT count(*) FROM {FORECAST_SCORES.full_name} WHERE run_id = ?", [run])  # noqa: S608 - our own name
    return int(count) >= scores


def _fault(settings: Settings, folder: str) -> str | None:
    try:
        return read_file(settings, f"{folder}/{FAULT}")
    except ServiceError:  # the folder is gone: the run is being stored, or HDFS is away
        return None
