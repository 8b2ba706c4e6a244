"""Predictions as one zipped Parquet file, on this machine and in the serving tier's bucket."""

from __future__ import annotations

import io
import logging
import zipfile
from pathlib import Path

from pyspark.sql import DataFrame

from pipeline.errors import ServiceError
from pipeline.serving.clients import bucket_faults, open_bucket
from pipeline.settings import Settings, load_settings

log = logging.getLogger(__name__)

FOLDER = "notebooks"
"""Of the bucket; an upload replaces the one before it."""


def write_zip(rows: DataFrame, path: Path) -> Path:
    """Replace `path` by a zip of one Parquet file with all rows, which must fit into memory; return the path."""
    import pyarrow.parquet as pq

    parquet = io.BytesIO()
    pq.write_table(rows.toArrow(), parquet, compression="zstd")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:  # Parquet is compressed already
        archive.writestr(f"{path.stem}.parquet", parquet.getvalue())
    return draft.replace(path)


def upload_where_configured(path: Path, settings: Settings | None) -> str | None:
    """Put a file into the bucket where the serving tier is on; return its s3 address.

    A bucket that does not take it is logged: the file is here, and what it took to make it is not lost.
    """
    serving = (settings or load_settings()).serving
    if not serving.enabled:
        return None
    place = f"{serving.bucket.name}/{FOLDER}/{path.name}"
    try:
        with bucket_faults(serving.bucket), open_bucket(serving.bucket).open_output_stream(place) as stream:
            stream.write(path.read_bytes())
    except ServiceError as error:
        log.warning("%s was not uploaded: %s", path, error)
        return None
    return f"s3://{place}"
