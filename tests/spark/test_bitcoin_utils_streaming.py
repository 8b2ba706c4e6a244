"""The stream from JSON files to Parquet: what it accepts, what it keeps apart, and where it resumes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from analysis.bitcoin_utils import run_streaming_query_and_writer
from analysis.pyspark_api.checks import TIME_ZONE
from analysis.pyspark_api.price_files import PriceFiles
from analysis.pyspark_api.streaming import PriceStream
from pipeline.errors import UnusableInputError

GOOD = {"coin": "bitcoin", "timestamp": "2026-01-15T01:00:00+01:00", "price_usd": 64000.5, "source": "coingecko"}
MIDNIGHT = datetime(2026, 1, 15)


def write(folder: Path, number: int, *lines: str | bytes | Mapping[str, object]) -> None:
    """Write a file of these lines: bytes and text as they are, a mapping as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = [json.dumps(line) if isinstance(line, Mapping) else line for line in lines]
    content = b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in texts)
    (folder / f"prices-{number:04d}.json").write_bytes(content)


def run_once(spark: SparkSession, folder: Path) -> PriceStream:
    return run_streaming_query_and_writer(spark, folder / "in", folder / "out", available_now=True)


def test_prices_and_what_is_none_are_kept_apart(spark: SparkSession, tmp_path: Path) -> None:
    bad: dict[str, str | bytes] = {
        "half a file": '{"coin": "bitcoin", "timest',
        "no JSON": b"\xff\xfe\x00PAR1",
        "a list": "[1, 2]",
        "text as a price": json.dumps(GOOD | {"price_usd": "much"}),
        "no coin": json.dumps(GOOD | {"coin": None}),
        "no price": json.dumps({key: value for key, value in GOOD.items() if key != "price_usd"}),
        "no zone": json.dumps(GOOD | {"timestamp": "2026-01-15T01:00:00"}),
        "no such day": json.dumps(GOOD | {"timestamp": "2026-02-30T01:00:00Z"}),
        "zero": json.dumps(GOOD | {"price_usd": 0}),
        "NaN": '{"coin": "bitcoin", "timestamp": "2026-01-15T00:00:00Z", "price_usd": NaN}',
        "infinite": '{"coin": "bitcoin", "timestamp": "2026-01-15T00:00:00Z", "price_usd": 1e999}',
    }
    write(tmp_path / "in", 1, *bad.values())
    write(tmp_path / "in", 2, GOOD, "", "  ", GOOD | {"price_usd": 7, "source": None, "more": [1]})
    write(tmp_path / "in", 3)
    (tmp_path / "in" / "_history.log").write_text("no price\n")
    (tmp_path / "in" / ".1.draft").write_text('{"coin"')
    stream = run_once(spark, tmp_path)
    assert sorted(tuple(row) for row in stream.prices().collect()) == [
        ("bitcoin", MIDNIGHT, 7.0, None),
        ("bitcoin", MIDNIGHT, 64000.5, "coingecko"),
    ]
    rejected = stream.rejected().collect()
    assert len(rejected) == len(bad), {row.reason: row.line for row in rejected}
    assert {row.file for row in rejected} == {"prices-0001.json"}
    assert all(row.reason for row in rejected)
    reasons = {row.line: row.reason for row in rejected}
    assert reasons[bad["no coin"]] == "coin is missing"
    assert reasons[bad["no zone"]] == reasons[bad["no such day"]] == "timestamp is missing or not ISO 8601 with a zone"
    assert reasons[bad["zero"]] == reasons[bad["NaN"]] == "price_usd is not a finite number above 0"
    assert reasons[bad["half a file"]].startswith("not a JSON record of coin STRING")


def test_a_second_run_resumes_by_the_checkpoint(spark: SparkSession, tmp_path: Path) -> None:
    assert run_once(spark, tmp_path).prices().collect() == []
    write(tmp_path / "in", 1, GOOD)
    write(tmp_path / "in", 2, GOOD | {"price_usd": 2})
    assert run_once(spark, tmp_path).prices().count() == 2
    assert run_once(spark, tmp_path).prices().count() == 2
    write(tmp_path / "in", 3, GOOD | {"price_usd": 3})
    stream = run_once(spark, tmp_path)
    assert sorted(row.price_usd for row in stream.prices().collect()) == [2, 3, 64000.5]
    assert stream.output == tmp_path.resolve() / "out" / "prices"
    assert not stream.query.isActive


def test_a_file_that_was_deleted_before_it_was_read_is_skipped(spark: SparkSession, tmp_path: Path) -> None:
    write(tmp_path / "in", 1, GOOD)
    run_once(spark, tmp_path)
    for log in ("checkpoint/commits", "prices/_spark_metadata"):  # as a crash leaves a batch that was planned only
        for entry in ("0", ".0.crc"):
            (tmp_path / "out" / log / entry).unlink()
    (tmp_path / "in" / "prices-0001.json").unlink()
    write(tmp_path / "in", 2, GOOD | {"price_usd": 2})
    assert [row.price_usd for row in run_once(spark, tmp_path).prices().collect()] == [2]


def test_a_running_query_follows_the_producers_files(spark: SparkSession, tmp_path: Path) -> None:
    files = PriceFiles(tmp_path / "in", keep=1)
    stream = run_streaming_query_and_writer(spark, tmp_path / "in", tmp_path / "out", interval_s=0.1)
    try:
        for number in range(1, 4):  # each deletes the one before it
            files.write([GOOD | {"price_usd": number}])
            stream.query.processAllAvailable()
        assert stream.query.isActive
        assert sorted(row.price_usd for row in stream.prices().collect()) == [1, 2, 3]
    finally:
        stream.stop()
        files.close()


def test_impossible_calls_are_refused(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnusableInputError, match="interval_s=0 must be above 0"):
        run_streaming_query_and_writer(spark, tmp_path, tmp_path / "out", interval_s=0)
    elsewhere = spark.newSession()
    elsewhere.conf.set(TIME_ZONE, "Europe/Oslo")
    with pytest.raises(UnusableInputError, match=r"Europe/Oslo: spark\.conf\.set"):
        run_once(elsewhere, tmp_path)
    monkeypatch.setattr(spark.sparkContext, "_jsc", None)  # as stop() leaves it
    with pytest.raises(UnusableInputError, match="session was stopped"):
        run_once(spark, tmp_path)
