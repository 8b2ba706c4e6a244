"""Raw candles in the bucket: each record of the topic once, whatever was cut short, by the day of its minute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from pyspark.sql import SparkSession

from pipeline.engines.jars.fetch import SERVING_SET, fetch_set
from pipeline.events.candles import CandleEvent
from pipeline.serving import raw_bucket
from pipeline.serving.clients import open_bucket
from pipeline.serving.raw_bucket import UNREADABLE, RawBucket
from pipeline.settings.serving import BucketSettings
from pipeline.tables.bronze import BRONZE_EVENTS
from tests.support.gold_copies import objects
from tests.support.serving import ServingServer, serving_server

NOON = datetime(2026, 2, 1, 12)
START = datetime(2026, 1, 31, 23, 58, tzinfo=UTC)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServingServer]:
    server = ServingServer("serving-s3", tmp_path_factory.mktemp("s3") / "home")
    fetch_set(SERVING_SET, server.settings.jar_dir)
    with serving_server(server) as running:
        yield running


@pytest.fixture
def bucket(server: ServingServer) -> BucketSettings:
    settings = server.settings.serving.bucket
    open_bucket(settings).delete_dir_contents(settings.name)
    return settings


def payload(number: int) -> bytes:
    minute, price = START + timedelta(minutes=number), Decimal("60000.125") + number
    return CandleEvent("csv_kaggle", "BTC-USD", minute, price, price, price, price, Decimal("0.5"), False).to_json()


def add(spark: SparkSession, offsets: Sequence[int], topic_id: str | None = "/t+1", **given: bytes | datetime) -> None:
    """Append records to bronze, a second apart, and one of another topic."""
    rows = []
    for n in offsets:
        time, value = given.get("time", NOON + timedelta(seconds=n)), given.get("value", payload(n))
        rows.append(("bitcoin_data", 0, n, time, None, None, value, topic_id))
    other = ("coin_events", 0, offsets[0], NOON, None, None, b"{}", "t9")
    spark.createDataFrame([*rows, other], BRONZE_EVENTS.spark_schema()).writeTo(BRONZE_EVENTS.full_name).append()


def offsets(bucket: BucketSettings) -> Counter[int]:
    return Counter(row["offset"] for _, rows in objects(bucket, "streaming_raw") for row in rows)


def test_records_lie_under_their_minutes_day_with_typed_fields(lake: SparkSession, bucket: BucketSettings) -> None:
    add(lake, range(4))
    add(lake, [4], value=b"no JSON \xff")
    assert RawBucket(lake, bucket).sync() == 5
    found = dict(objects(bucket, "streaming_raw"))
    dates = [path.split("/")[2] for path in found]
    assert dates == ["date=2026-01-31", "date=2026-02-01", f"date={UNREADABLE}"]
    first, _, broken = found.values()
    assert [row["offset"] for row in first] == [0, 1]
    assert first[1] == {
        "topic": "bitcoin_data", "partition": 0, "offset": 1, "kafka_time": NOON + timedelta(seconds=1),
        "payload": payload(1).decode(), "source": "csv_kaggle", "product_id": "BTC-USD",
        "minute": datetime(2026, 1, 31, 23, 59), "is_filled": False, "volume": Decimal("0.5"),
        **dict.fromkeys(("open", "high", "low", "close"), Decimal("60001.125")),
    }  # fmt: skip
    assert broken[0]["offset"] == 4
    assert broken[0]["minute"] is None


def test_each_record_is_there_once_however_many_runs(lake: SparkSession, bucket: BucketSettings) -> None:
    add(lake, range(5))
    assert [RawBucket(lake, bucket).sync() for _ in range(2)] == [5, 0]
    add(lake, range(5, 7))
    add(lake, [7], time=NOON - timedelta(hours=2))  # the broker's clock was set back
    assert RawBucket(lake, bucket).sync() in {2, 3}
    add(lake, [8])
    RawBucket(lake, bucket).sync()
    assert offsets(bucket) == Counter(range(9))


def test_a_clock_that_goes_back_and_forth_loses_nothing(lake: SparkSession, bucket: BucketSettings) -> None:
    add(lake, range(5))
    RawBucket(lake, bucket).sync()
    add(lake, [5])
    add(lake, [6], time=NOON - timedelta(hours=2))
    add(lake, [7])
    assert RawBucket(lake, bucket).sync() == 3
    assert offsets(bucket) == Counter(range(8))


def test_a_topic_that_was_recreated_begins_again(lake: SparkSession, bucket: BucketSettings) -> None:
    add(lake, range(3))
    RawBucket(lake, bucket).sync()
    add(lake, range(2), topic_id="t2", time=NOON + timedelta(hours=1))
    add(lake, range(2), topic_id=None, time=NOON + timedelta(hours=2))
    add(lake, range(2), topic_id=None, time=NOON + timedelta(hours=2))  # read from the start once more
    RawBucket(lake, bucket).sync()
    assert offsets(bucket) == Counter({0: 3, 1: 3, 2: 1})


class Killed(BaseException):
    """What no code catches, as it catches no kill."""


def die_at(point: str) -> Callable[[str], None]:
    def reach(name: str) -> None:
        if name == point:
            raise Killed

    return reach


@pytest.mark.parametrize("point", ["raw.begun", "raw.objects"])
def test_a_range_that_was_cut_short_is_put_again(
    lake: SparkSession, bucket: BucketSettings, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    monkeypatch.setattr(raw_bucket, "RANGE_RECORDS", 4)
    add(lake, range(6))
    with monkeypatch.context() as patched:
        patched.setattr(raw_bucket, "reach", die_at(point))
        with pytest.raises(Killed):
            RawBucket(lake, bucket).sync()
    add(lake, range(6, 9))
    RawBucket(lake, bucket).sync()
    assert offsets(bucket) == Counter(range(9))


def test_an_empty_bucket_is_filled_again(lake: SparkSession, bucket: BucketSettings) -> None:
    add(lake, range(3))
    RawBucket(lake, bucket).sync()
    open_bucket(bucket).delete_dir_contents(bucket.name)
    RawBucket(lake, bucket).sync()
    assert offsets(bucket) == Counter(range(3))
