"""Gold in Iceberg, PostgreSQL and the bucket: the same rows in all three, whatever was cut short or away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from pyspark.sql import SparkSession

from pipeline.engines.jars.fetch import SERVING_SET, fetch_set
from pipeline.errors import SinkError
from pipeline.serving import gold_bucket, gold_postgres, gold_rows
from pipeline.serving.clients import connect_owner, open_bucket
from pipeline.serving.gold_bucket import GoldBucket
from pipeline.serving.gold_postgres import GoldPostgres
from pipeline.serving.gold_rows import GoldRows
from pipeline.settings.serving import ServingSettings
from pipeline.settings.values import Secret
from pipeline.spark import replacing
from pipeline.stream.gold.bitcoin_gold_run import BitcoinGold
from tests.support.bitcoin_candles import Candle, at, give, replace_given
from tests.support.gold_copies import in_bucket, in_iceberg, in_postgres, objects
from tests.support.serving import ServingServer, serving_server


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServingServer]:
    with serving_server(ServingServer("serving-postgres", tmp_path_factory.mktemp("postgres") / "home")) as running:
        yield running


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory, postgres: ServingServer) -> Iterator[ServingServer]:
    server = ServingServer("serving-s3", tmp_path_factory.mktemp("s3") / "home")
    fetch_set(SERVING_SET, server.settings.jar_dir)
    with serving_server(server) as running:
        yield running


@pytest.fixture
def serving(postgres: ServingServer, s3: ServingServer) -> ServingSettings:
    return replace(postgres.settings.serving, bucket=s3.settings.serving.bucket)


class Lake:
    """What the driver does after each other, each call as a new process would."""

    def __init__(self, spark: SparkSession, serving: ServingSettings) -> None:
        self.spark = spark
        self.serving = serving

    def run(self) -> tuple[int, int]:
        tables = BitcoinGold(self.spark)
        while not tables.is_done:
            tables.run()
        return self.to_postgres(), self.to_bucket()

    def to_postgres(self) -> int:
        return GoldPostgres(self.serving.postgres).sync(GoldRows(self.spark))

    def to_bucket(self) -> int:
        return GoldBucket(self.serving.bucket).sync(GoldRows(self.spark))

    def agrees(self) -> bool:
        rows = in_iceberg(self.spark)
        assert in_postgres(self.serving.postgres) == rows
        assert in_bucket(self.serving.bucket) == rows
        keys = {row[:2] for row in rows}
        return len(keys) == len(rows) > 0


@pytest.fixture
def copies(lake: SparkSession, serving: ServingSettings) -> Lake:
    """Three places that agree on some days of two products."""
    give(
        lake,
        [
            Candle(at(60 * n), f"{n}.123456789012345678", product=p)
            for p in ("BTC-USD", "BTC-EUR")
            for n in range(1, 60)
        ],
        0,
    )
    copies = Lake(lake, serving)
    assert copies.run() == (118, 8)
    return copies


def test_all_three_hold_the_same_rows_and_digits(copies: Lake) -> None:
    assert copies.agrees()
    assert copies.run() == (0, 0)


def test_new_late_and_corrected_minutes_arrive_in_all_three(copies: Lake) -> None:
    give(copies.spark, [Candle(at(4000), "1"), Candle(at(61), "2")], 1000)
    replace_given(copies.spark, Candle(at(120), "3"), 1002)
    assert copies.run() == (3, 3)
    assert copies.agrees()


def test_a_day_is_one_object_without_rows_of_another(copies: Lake) -> None:
    found = objects(copies.serving.bucket, "gold_aggregates")
    assert [path for path, _ in found][:1] == [
        "coinlake/gold_aggregates/product_id=BTC-EUR/date=2026-01-31/data.parquet"
    ]
    for path, rows in found:
        places = {f"product_id={row['product_id']}/date={row['minute']:%Y-%m-%d}" for row in rows}
        assert places == {path.removeprefix("coinlake/gold_aggregates/").removesuffix("/data.parquet")}


def test_many_rows_are_read_in_parts_that_each_count(copies: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gold_rows, "PART_ROWS", 10)
    give(copies.spark, [Candle(at(5000 + n), str(n)) for n in range(100)], 2000)
    BitcoinGold(copies.spark).run()
    copies.to_postgres()
    copies.to_bucket()
    assert copies.agrees()


@pytest.mark.parametrize(
    "point",
    ["replaced.bitcoin_gold_data", "gold.postgres.rows", "gold.postgres", "gold.bucket.objects", "gold.bucket"],
)
def test_a_crash_between_any_two_writes_heals_with_the_next_run(
    copies: Lake, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    give(copies.spark, [Candle(at(4000), "1"), Candle(at(61), "2")], 1000)
    with monkeypatch.context() as patched:
        for module in (replacing, gold_postgres, gold_bucket):
            patched.setattr(module, "reach", die_at(point))
        with pytest.raises(Killed):
            copies.run()
    copies.run()
    assert copies.agrees()


class Killed(BaseException):
    """What no code catches, as it catches no kill."""


def die_at(point: str) -> Callable[[str], None]:
    def reach(name: str) -> None:
        if name == point:
            raise Killed

    return reach


def test_an_empty_database_and_an_empty_bucket_are_filled_again(copies: Lake) -> None:
    with connect_owner(copies.serving.postgres) as connection:
        connection.execute("DROP TABLE bitcoin_gold_data")
    bucket = copies.serving.bucket
    open_bucket(bucket).delete_dir_contents(bucket.name)
    assert copies.run() == (118, 8)
    assert copies.agrees()


@pytest.mark.parametrize("changes", [{"password": Secret("wrong")}, {"url": "postgresql://127.0.0.1:1/coinlake"}])
def test_a_database_that_refuses_is_named_with_a_remedy(copies: Lake, changes: dict[str, object]) -> None:
    settings = replace(copies.serving.postgres, **changes)  # type: ignore[arg-type]
    with pytest.raises(SinkError, match=r"PostgreSQL: postgresql://.*; (POSTGRES_PASSWORD must|pipeline/scripts)"):
        GoldPostgres(settings).sync(GoldRows(copies.spark))
    assert copies.agrees()


def test_a_database_that_only_reads_takes_the_rows_later(copies: Lake) -> None:
    give(copies.spark, [Candle(at(4000), "1")], 1000)
    user = copies.serving.postgres.user
    with connect_owner(copies.serving.postgres, autocommit=True) as owner:
        owner.execute(f'ALTER ROLE "{user}" SET default_transaction_read_only = on')
        try:
            with pytest.raises(SinkError, match=r"read-only transaction.*the primary"):
                copies.run()
        finally:
            owner.execute("SET default_transaction_read_only = off")
            owner.execute(f'ALTER ROLE "{user}" RESET default_transaction_read_only')
    copies.run()
    assert copies.agrees()


@pytest.mark.parametrize("changes", [{"secret_key": Secret("wrong")}, {"access_key": Secret("nobody")}])
def test_a_bucket_that_refuses_is_named_with_a_remedy(copies: Lake, changes: dict[str, Secret]) -> None:
    with pytest.raises(SinkError, match=r"the bucket coinlake at http.*S3_(ACCESS|SECRET)_KEY") as refusal:
        GoldBucket(replace(copies.serving.bucket, **changes)).sync(GoldRows(copies.spark))
    assert "wrong" not in str(refusal.value)


def test_a_bucket_that_is_away_takes_the_days_later(copies: Lake, s3: ServingServer) -> None:
    give(copies.spark, [Candle(at(4000), "1")], 1000)
    BitcoinGold(copies.spark).run()
    s3.stop()
    with pytest.raises(SinkError, match="Nothing is lost"):
        copies.to_bucket()
    copies.to_postgres()
    s3.start()
    copies.to_bucket()
    assert copies.agrees()
