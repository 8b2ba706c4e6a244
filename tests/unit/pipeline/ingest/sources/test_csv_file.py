"""CSV files: both layouts, every digit, and a bad line that costs only itself."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import BadDataError
from pipeline.events.coin_prices import PriceEvent
from pipeline.events.raw import DeadLetter
from pipeline.ingest.sources.base import Item
from pipeline.ingest.sources.csv_file import CsvFile, open_csv
from tests.support.sources import prices

COINGECKO = "snapped_at,price,market_cap,total_volume\n"
KAGGLE = "Timestamp,Open,High,Low,Close,Volume\n"
ROW = "2013-04-28 00:00:00 UTC,135.3,1500517590,0\n"
CANDLE = "1325412060.0,4.58,4.60,4.50,4.55,1.25\n"
NOW = datetime(2026, 1, 15, tzinfo=UTC)


@pytest.fixture
def csv_of(tmp_path):
    def make(content: str | bytes) -> CsvFile:
        path = tmp_path / "prices.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return replace(open_csv(path), now=lambda: NOW)

    return make


def items(file: CsvFile, start_line: int = 0) -> list[Item]:
    return [line.item for line in file.events("bitcoin", start_line)]


def event(moment: datetime, price: str, cap: str | None, volume: str | None, source: str) -> PriceEvent:
    amounts = [None if amount is None else Decimal(amount) for amount in (cap, volume)]
    return PriceEvent("bitcoin", moment, Decimal(price), amounts[0], amounts[1], source)


FIRST = event(datetime(2013, 4, 28, tzinfo=UTC), "135.3", "1500517590", "0", "csv_coingecko")


def test_a_coingecko_export(csv_of):
    file = csv_of(COINGECKO + ROW + "2013-04-29 23:29:55 UTC,3.844E-5,,\n")
    assert file.layout.name == "csv_coingecko"
    second = event(datetime(2013, 4, 29, 23, 29, 55, tzinfo=UTC), "0.00003844", None, None, "csv_coingecko")
    assert items(file) == [FIRST, second]


def test_a_kaggle_minute_is_its_close_at_its_end(csv_of):
    file = csv_of(KAGGLE + CANDLE + "1325412120,4.58,4.58,4.58,4.58,0.0\n")
    assert file.layout.name == "csv_kaggle"
    assert items(file) == [
        event(datetime(2012, 1, 1, 10, 2, tzinfo=UTC), "4.55", None, None, "csv_kaggle"),
        event(datetime(2012, 1, 1, 10, 3, tzinfo=UTC), "4.58", None, None, "csv_kaggle_filled"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + (COINGECKO + ROW).encode(),
        (COINGECKO + ROW).replace("\n", "\r\n"),
        '"snapped_at","price","market_cap","total_volume"\n"2013-04-28 00:00:00 UTC","135.3","1500517590","0"\n',
        "Snapped_At, PRICE ,Market_Cap,Total_Volume\n" + ROW,
        "price,total_volume,snapped_at,market_cap\n135.3,0,2013-04-28 00:00:00 UTC,1500517590\n",
        'note,snapped_at,price,market_cap,total_volume\n"a,b",' + ROW,
        (COINGECKO + ROW).removesuffix("\n"),
        COINGECKO + "\n\r\n  \n" + ROW + "\n\n",
    ],
    ids=["BOM", "CRLF", "quotes", "case", "order", "further column", "no last line end", "blank lines"],
)
def test_ways_to_write_the_same(csv_of, content):
    assert items(csv_of(content)) == [FIRST]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("", "is empty"),
        ("\n", "begins with ''"),
        (ROW, "begins with '2013-04-28 00:00:00 UTC,135.3"),
        ("date,price\n", "begins with 'date,price'"),
        ("snapped_at;price;market_cap;total_volume\n", "begins with 'snapped_at;price"),
        ("snapped_at,price,price,market_cap,total_volume\n", "begins with"),
        ('"snapped_at,price\n', "begins with"),
        (b"\x1f\x8b\x08\x00", "begins with"),
        (COINGECKO.encode("utf-16"), "begins with"),
        ((COINGECKO + ROW).replace("\n", "\r"), "begins with"),
    ],
    ids=["empty", "blank", "no header", "other", "semicolons", "twice", "quotes", "gzip", "UTF-16", "old Mac"],
)
def test_another_file_is_refused_with_what_was_found_and_expected(csv_of, content, found):
    with pytest.raises(BadDataError) as caught:
        csv_of(content)
    message = str(caught.value)
    assert found in message
    assert "snapped_at,price,market_cap,total_volume or timestamp,open,high,low,close,volume" in message
    assert len(message) < 500


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(BadDataError, match="No such file"):
        open_csv(tmp_path / "none.csv")
    with pytest.raises(BadDataError, match="Is a directory"):
        open_csv(tmp_path)


def test_a_header_alone_holds_nothing(csv_of):
    assert items(csv_of(COINGECKO)) == []


BAD_ROWS = [
    ("2013-04-29 00:00:00 UTC,141.96,1575032004.0", "3 fields where the header has 4"),
    ("2013-04-29 00:00:00 UTC,141.96,1,2,3", "5 fields where the header has 4"),
    ("2013-04-29 00:00:00 UTC,1;5,1,2", "price '1;5' is not a number"),
    ("2013-04-29 00:00:00 UTC,,1,2", "price '' is not a number"),
    ("2013-04-29 00:00:00 UTC,0,1,2", "price '0' is not above 0"),
    ("2013-04-29 00:00:00 UTC,-1.5,1,2", "price '-1.5' is not above 0"),
    ("2013-04-29 00:00:00 UTC,NaN,1,2", "price 'NaN' is not a number"),
    ("2013-04-29 00:00:00 UTC,Infinity,1,2", "price 'Infinity' is not a number"),
    ("2013-04-29 00:00:00 UTC,1.5,-1,2", "market cap '-1' is below 0"),
    ("2013-04-29 00:00:00 UTC,1.5,1,x", "volume 'x' is not a number"),
    ("2013-04-29,1.5,1,2", "time '2013-04-29' is not written like"),
    ("2013-04-29 00:00:00 CET,1.5,1,2", "is not written like"),
    ("2013-02-30 00:00:00 UTC,1.5,1,2", "is not in the calendar"),
    ("2008-12-31 00:00:00 UTC,1.5,1,2", "is before 2009-01-03"),
    ("2026-01-16 00:00:00 UTC,1.5,1,2", "is in the future"),
    ('2013-04-29 00:00:00 UTC,"1.5,1,2', "the quotes do not match"),
    (b"2013-04-29 00:00:00 UTC,1.5\xff,1,2", "the line is not UTF-8"),
    ("2013-04-29 00:00:00 UTC,1.5,1," + "2" * 200_000, "the line is longer than 10,000 characters"),
    ("2013-04-29 00:00:00 UTC,1.5,1,2\x00", "is not a number"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD_ROWS)
def test_a_bad_row_is_a_dead_letter_and_the_others_stay(csv_of, bad, reason):
    raw = bad if isinstance(bad, bytes) else bad.encode()
    first, letter, last = items(csv_of((COINGECKO + ROW).encode() + raw + b"\n" + ROW.encode()))
    assert first == last == FIRST
    assert isinstance(letter, DeadLetter)
    assert letter.origin == "csv_coingecko:line 3"
    assert reason in letter.reason
    assert letter.payload.startswith(raw[:15].decode())


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("1325412060000,1,1,1,1,1", "are these milliseconds?"),
        ("1325412060.5,1,1,1,1,1", "is not in whole seconds"),
        ("-1325412060,1,1,1,1,1", "is not in whole seconds"),
        ("2012-01-01,1,1,1,1,1", "is not in whole seconds"),
        ("0,1,1,1,1,1", "is before 2009-01-03"),
        ("99999999999,1,1,1,1,1", "is in the future"),
        ("1325412060,x,1,1,1,1", "price 'x' is not a number"),
        ("1325412060,1,1,1,0,1", "price '0' is not above 0"),
        ("1325412060,1,1,1,NaN,1", "price 'NaN' is not a number"),
        ("1325412060,1,1,1,1,", "volume is missing"),
        ("1325412060,1,1,1,1,-1", "volume '-1' is below 0"),
        ("1325412060,1,1,1", "4 fields where the header has 6"),
    ],
)
def test_a_bad_candle_is_a_dead_letter_and_the_others_stay(csv_of, bad, reason):
    letter, good = items(csv_of(KAGGLE + bad + "\n" + CANDLE))
    assert isinstance(letter, DeadLetter)
    assert letter.origin == "csv_kaggle:line 2"
    assert reason in letter.reason
    assert [found.price_usd for found in prices([good])] == [Decimal("4.55")]


@pytest.mark.parametrize("kept", [5, 20, 23, 24])
def test_a_last_line_that_was_cut_is_a_dead_letter(csv_of, kept):
    first, letter = items(csv_of(COINGECKO + ROW + ROW[:kept]))
    assert first == FIRST
    assert isinstance(letter, DeadLetter)
    assert letter.payload == ROW[:kept]


def test_repeated_and_unsorted_rows_come_as_they_stand(csv_of):
    later = "2013-04-30 00:00:00 UTC,2,,\n"
    events = prices(items(csv_of(COINGECKO + later + ROW + ROW)))
    assert [found.event_time.day for found in events] == [30, 28, 28]


def test_line_numbers_and_offsets_are_those_of_the_file(csv_of):
    file = csv_of(COINGECKO + "\n" + ROW + "bad\n" + ROW)
    lines = list(file.events("bitcoin"))
    assert [line.number for line in lines] == [3, 4, 5]
    assert lines[-1].end == file.size_bytes
    assert lines[0].end == len(COINGECKO + "\n" + ROW)


@given(
    st.lists(st.sampled_from([ROW, "bad\n", "\n", "2" * 70_000 + "\n", '"\n', "é\n"]), max_size=12), st.integers(0, 14)
)
def test_a_run_cut_anywhere_goes_on_where_it_stopped(tmp_path_factory, rows, cut):
    path = tmp_path_factory.mktemp("cut") / "prices.csv"
    path.write_text(COINGECKO + "".join(rows), encoding="utf-8")
    file = replace(open_csv(path), now=lambda: NOW)
    whole = list(file.events("bitcoin"))
    assert len(whole) == sum(1 for row in rows if row.strip())
    before = [line for line in whole if line.number <= cut]
    assert before + list(file.events("bitcoin", start_line=cut)) == whole


@given(st.binary(max_size=300))
def test_no_content_breaks_the_reading(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "prices.csv"
    path.write_bytes(COINGECKO.encode() + content)
    for line in open_csv(path).events("bitcoin"):
        assert isinstance(line.item, PriceEvent | DeadLetter)


# ---- real files


def test_every_row_and_digit_of_the_real_export(shared_data):
    path = shared_data / "daily" / "coingecko_btc-usd-max_20130428_20260113.csv"
    with path.open(newline="") as file:
        expected = list(csv.DictReader(file))
    events = prices(items(open_csv(path)))
    assert len(events) == 4642
    assert {event.source for event in events} == {"csv_coingecko"}
    assert [Decimal(row["price"]) for row in expected] == [event.price_usd for event in events]
    assert [row["price"] for row in expected] == [format(event.price_usd, "f") for event in events]
    assert [f"{event.event_time:%Y-%m-%d %H:%M:%S} UTC" for event in events] == [row["snapped_at"] for row in expected]
    assert (events[0].event_time, events[-1].event_time) == (
        datetime(2013, 4, 28, tzinfo=UTC),
        datetime(2026, 1, 13, tzinfo=UTC),
    )
    assert sum(1 for event in events if event.volume_usd == 0) == 242


def test_the_real_minutes_are_mostly_filled(shared_data):
    events = prices(items(open_csv(shared_data / "minute" / "kaggle_btcusd_1-min_data_first10000.csv")))
    assert len(events) == 9999
    assert sum(1 for event in events if event.source == "csv_kaggle_filled") == 9943
    assert events[0].event_time == datetime(2012, 1, 1, 10, 2, tzinfo=UTC)
