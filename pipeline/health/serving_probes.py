"""Do the PostgreSQL and the bucket of the serving tier work? Ours and anyone's are asked the same."""

from __future__ import annotations

from pipeline.errors import ServiceError
from pipeline.serving.clients import bucket_faults, connect_reader, open_bucket
from pipeline.settings import Settings

PROBE_FOLDER = "coinlake_probe"  # in the bucket; its one object is replaced again and again


def postgres(settings: Settings) -> None:
    """Run SELECT 1 as the reader, which needs the database, the role and its password."""
    with connect_reader(settings.serving.postgres) as connection:
        connection.execute("SELECT 1")


def bucket(settings: Settings) -> None:
    """Put an object into the bucket and find it in the listing."""
    from pyarrow.fs import FileSelector

    bucket = settings.serving.bucket
    store = open_bucket(bucket, attempts=1)
    folder = f"{bucket.name}/{PROBE_FOLDER}"
    with bucket_faults(bucket):
        with store.open_output_stream(f"{folder}/latest") as file:
            file.write(b"coinlake")
        listed = [found.base_name for found in store.get_file_info(FileSelector(folder))]
    if "latest" not in listed:
        raise ServiceError(f"the bucket {bucket.name} at {bucket.endpoint} does not list what was put there")
