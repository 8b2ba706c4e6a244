"""Make the bucket of the serving tier where it is missing, on our own S3 server or anyone's."""

from __future__ import annotations

from pipeline.serving.clients import bucket_faults, open_bucket
from pipeline.settings import Settings


def ensure(settings: Settings) -> list[str]:
    """Make the bucket unless it is there; return in words what was made.

    Raises:
        ServiceError: the store does not answer, or does not let these keys in.
    """
    from pyarrow.fs import FileType

    bucket = settings.serving.bucket
    with bucket_faults(bucket):
        store = open_bucket(bucket, attempts=1, may_create=True)
        if store.get_file_info(bucket.name).type is not FileType.NotFound:
            return []
        store.create_dir(bucket.name)
    return [f"bucket {bucket.name}"]
