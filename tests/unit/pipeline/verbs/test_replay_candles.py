"""The command line of a replay, and what it shows on the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import BadDataError
from pipeline.ingest.replay.positions import Position
from pipeline.ingest.replay.replay import Progress
from pipeline.ingest.replay.simulated import SimulatedRows
from pipeline.ingest.simulator.exchange.market import Exchange
from pipeline.ingest.simulator.exchange.state_file import DEFAULT_SEED, exchange_file
from pipeline.settings import Settings, load_settings
from pipeline.verbs.replay_candles import Meter, chosen, parse

NOW = datetime(2026, 1, 13, 12, 30, 40, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"COINLAKE_HOME": str(tmp_path / "home")})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "btcusd.csv"
    path.write_text("Timestamp,Open,High,Low,Close,Volume\n")
    return path


def test_ten_rows_a_second_are_usual(file: Path) -> None:
    assert parse([str(file)]).rate == 10
    assert parse([str(file), "--rate", "2.5"]).rate == 2.5
    assert parse([str(file), "--max"]).rate is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["no-such.csv"], "no-such.csv is no file that can be read"),
        (["FILE", "--rate", "0"], "a rate is above 0"),
        (["FILE", "--rate", "2", "--max"], "not allowed with argument"),
        (["FILE", "--product", "bitcoin"], "'bitcoin' is no product such as BTC-USD"),
        (["FILE", "--source", "coinbase_candles"], "coinbase_candles is what candles of a market say"),
        (["FILE", "--source", "simulator"], "simulator is what candles of a market say"),
        (["FILE", "--from", "soon"], "'soon' is no time such as 2021-01-01"),
        (["FILE", "--from", "2021-01-02", "--to", "2021-01-01"], "--to has to be after --from"),
        (["--source", "mine"], "--source belongs to a FILE"),
    ],
)
def test_wrong_arguments_are_one_line(
    arguments: list[str], told: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse([str(file) if argument == "FILE" else argument for argument in arguments])
    assert caught.value.code == 2
    assert told in capsys.readouterr().err


def test_a_file_is_labelled_as_one(settings: Settings, file: Path) -> None:
    options = parse([str(file), "--from", "2021-01-01", "--to", "2021-01-02T12:00"])
    _, order, content = chosen(settings, options, NOW)
    assert (order.origin, order.source, order.product_id) == ("btcusd.csv", "csv_kaggle", "BTC-USD")
    assert (order.start, order.end) == (datetime(2021, 1, 1, tzinfo=UTC), datetime(2021, 1, 2, 12, tzinfo=UTC))
    assert len(content) == 64


def test_a_wrong_header_ends_it_before_anything_is_sent(settings: Settings, file: Path) -> None:
    file.write_text("time,price\n")
    with pytest.raises(BadDataError, match="it begins with 'time,price'"):
        chosen(settings, parse([str(file)]), NOW)


def test_without_a_file_the_simulated_market_gives_the_last_week(settings: Settings) -> None:
    rows, order, _ = chosen(settings, parse([]), NOW)
    assert isinstance(rows, SimulatedRows)
    assert (rows.start, rows.end) == (
        datetime(2026, 1, 6, 12, 30, tzinfo=UTC),
        datetime(2026, 1, 13, 12, 30, tzinfo=UTC),
    )
    assert order.source == "simulator"


def test_it_leaves_the_minutes_of_the_simulated_exchange_to_its_trades(settings: Settings) -> None:
    opened = NOW - timedelta(days=2)
    file = exchange_file(settings.data_dir)
    Exchange(DEFAULT_SEED, ["BTC-USD"], opened.timestamp, file).set_rate(1)
    rows, _, _ = chosen(settings, parse([]), NOW)
    assert isinstance(rows, SimulatedRows)
    assert rows.end == opened.replace(second=0)


def test_the_meter_shows_rate_and_time_left() -> None:
    told: list[tuple[Any, ...]] = []
    times = iter([100.0, 110.0, 110.0])
    meter = Meter(1000, Position(candles=50), lambda *words: told.append(words), lambda: next(times))
    meter.tell(Progress(100, Position(candles=60)))
    meter.tell(Progress(300, Position(candles=150, bad=2)))
    meter.tell(Progress(300, Position(candles=150), waiting_s=4.4))
    assert told == [
        (100, 1000, "60 candles"),
        (300, 1000, "150 candles, 10/s, 0:00:35 left, 2 rejected"),
        (300, 1000, "150 candles, 10/s, 0:00:35 left, waiting for Kafka, 4 s"),
    ]
