"""Where gold is served from besides Presto: a PostgreSQL and an S3 bucket, and Superset on top of them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from pipeline.settings import values as parse
from pipeline.settings.machine import Machine
from pipeline.settings.values import Reader, Secret


@dataclass(frozen=True)
class PostgresSettings:
    """The database of gold, its owner, and the role of dashboards, which may only read."""

    url: str  # postgresql://host:port/database, without user and password
    user: str
    password: Secret
    reader: str
    reader_password: Secret

    @property
    def database(self) -> str:
        """The database of gold."""
        return urlsplit(self.url).path.strip("/")


@dataclass(frozen=True)
class BucketSettings:
    """An S3 bucket and the keys for it."""

    endpoint: str  # http(s)://host:port
    region: str
    name: str
    access_key: Secret
    secret_key: Secret


@dataclass(frozen=True)
class SupersetSettings:
    """The dashboards' own secrets; their metadata lies in the PostgreSQL."""

    secret_key: Secret  # encrypts the passwords in its metadata, so it must stay the same
    admin_password: Secret


@dataclass(frozen=True)
class ServingSettings:
    """The serving tier; without it gold is in Iceberg alone."""

    enabled: bool
    dashboards: bool  # Superset, too
    postgres: PostgresSettings
    bucket: BucketSettings
    superset: SupersetSettings


def _postgres_url(value: str) -> str:
    url = parse.uri("postgresql")(value)
    parts = urlsplit(url)
    if not parts.path.strip("/") or parts.username is not None:
        raise ValueError("an address such as postgresql://host:port/database, without user and password")
    return url


def read_serving(reader: Reader, machine: Machine) -> ServingSettings:
    """Read the settings of the serving tier; the defaults are this machine's own servers."""
    return ServingSettings(
        enabled=reader.get("COINLAKE_SERVING", "false", parse.flag),
        dashboards=reader.get("COINLAKE_SUPERSET", "true", parse.flag),
        postgres=PostgresSettings(
            url=reader.get("POSTGRES_URL", f"postgresql://{machine.local('serving_postgres')}/coinlake", _postgres_url),
            user=reader.get("POSTGRES_USER", "coinlake", str),
            password=reader.secret("POSTGRES_PASSWORD"),
            reader=reader.get("POSTGRES_READER", "reader", str),
            reader_password=reader.secret("POSTGRES_READER_PASSWORD"),
        ),
        bucket=BucketSettings(
            endpoint=reader.get("S3_ENDPOINT_URL", machine.url("serving_s3"), parse.http_url),
            region=reader.get("S3_REGION", "us-east-1", str),
            name=reader.get("S3_BUCKET", "coinlake", str),
            access_key=reader.secret("S3_ACCESS_KEY"),
            secret_key=reader.secret("S3_SECRET_KEY"),
        ),
        superset=SupersetSettings(
            secret_key=reader.secret("SUPERSET_SECRET_KEY"),
            admin_password=reader.secret("SUPERSET_ADMIN_PASSWORD"),
        ),
    )
