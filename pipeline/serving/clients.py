"""Connections to the serving tier's PostgreSQL and bucket, our own or anyone's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipeline.errors import ServiceError
from pipeline.settings.serving import BucketSettings, PostgresSettings
from pipeline.settings.values import Secret

if TYPE_CHECKING:
    import psycopg
    from pyarrow.fs import S3FileSystem

CONNECT_S = 5
REQUEST_S = 10.0


def connect_owner(
    postgres: PostgresSettings, database: str | None = None, *, autocommit: bool = False
) -> psycopg.Connection[Any]:
    """Return a connection as the role that owns gold, to the settings' database unless another is named."""
    return _connect(postgres, database, (postgres.user, postgres.password), autocommit=autocommit)


def connect_reader(postgres: PostgresSettings) -> psycopg.Connection[Any]:
    """Return a connection as the role of dashboards, which may only read."""
    return _connect(postgres, None, (postgres.reader, postgres.reader_password), autocommit=True)


def open_bucket(bucket: BucketSettings, *, attempts: int = 3, may_create: bool = False) -> S3FileSystem:
    """Return the store that the bucket is in; paths in it begin with the bucket's name.

    Opening asks nobody yet, and what the store itself raises is an `OSError`.
    """
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

    address = urlsplit(bucket.endpoint)
    return S3FileSystem(
        access_key=bucket.access_key.reveal() or None,
        secret_key=bucket.secret_key.reveal() or None,
        endpoint_override=address.netloc + address.path,
        scheme=address.scheme,
        region=bucket.region,
        connect_timeout=CONNECT_S,
        request_timeout=REQUEST_S,
        allow_bucket_creation=may_create,
        # An object of up to 5 MB is one PUT: it is there whole or not at all, and nothing of an upload stays behind.
        allow_delayed_open=True,
        background_writes=False,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=attempts),
    )


@contextmanager
def bucket_faults(bucket: BucketSettings) -> Iterator[None]:
    """Turn what the store raises inside into a `ServiceError` that names the bucket."""
    try:
        yield
    except OSError as error:
        raise ServiceError(f"the bucket {bucket.name} at {bucket.endpoint}: {error}") from None


def _connect(
    postgres: PostgresSettings, database: str | None, login: tuple[str, Secret], *, autocommit: bool
) -> psycopg.Connection[Any]:
    import psycopg

    user, password = login
    try:
        return psycopg.connect(
            postgres.url,
            user=user,
            password=password.reveal() or None,
            connect_timeout=CONNECT_S,
            application_name="coinlake",
            autocommit=autocommit,
            dbname=database,
        )
    except psycopg.Error as error:
        raise ServiceError(f"{postgres.url} as {user}: {' '.join(str(error).split())}") from None
