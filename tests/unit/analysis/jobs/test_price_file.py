"""Price files: from the lake, from a file, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from analysis.jobs.errors import JobInputError
from analysis.jobs.price_file import completed, fetch_bitcoin_data, read_prices
from analysis.lake import Lake
from pipeline.errors import UnknownNameError
from tests.support.fake_presto import table

if TYPE_CHECKING:
    from tests.support.fake_presto import FakePresto

DAILY = {
    "coin": "varchar",
    "day": "date",
    "price_usd": "decimal(38,10)",
    "source": "varchar",
    "held_at": "timestamp",
}


def test_prices_come_from_the_lake(presto: FakePresto, lake: Lake, tmp_path: Path) -> None:
    rows = [
        ["ethereum", "2026-01-02", "3100.5000000000", "simulator", "2026-01-02 23:59:00"],
        ["ethereum", "2026-01-01", "3000.0000000000", "simulator", "2026-01-01 23:59:00"],
    ]
    presto.gives(DAILY, *rows)
    target = fetch_bitcoin_data(tmp_path / "new" / "prices.csv", coin="eth", lake=lambda: lake)
    assert target.read_text() == "day,price_usd,source\n2026-01-01,3000.0,simulator\n2026-01-02,3100.5,simulator\n"
    assert "ARRAY['ethereum']" in "".join(presto.statements)


def test_a_coin_without_prices_names_the_remedy(presto: FakePresto, lake: Lake, tmp_path: Path) -> None:
    presto.gives(DAILY)
    presto.answers["known_coins"] = presto.answers["silver.coin_prices"] = table({"coin": "varchar"}, ["bitcoin"])
    presto.answers["UNION"] = table({"coin": "varchar"}, ["bitcoin"])
    with pytest.raises((JobInputError, UnknownNameError), match="bitcoin"):
        fetch_bitcoin_data(tmp_path / "prices.csv", lake=lambda: lake)
    assert list(tmp_path.glob("*.csv")) == []


def test_prices_come_from_a_file(tmp_path: Path) -> None:
    given = tmp_path / "given.csv"
    given.write_text("\ufeffday,note,price_usd\n2026-01-02T00:00:00Z,x,2\n2026-01-01,,1e5\n")
    target = fetch_bitcoin_data(tmp_path / "prices.csv", source=given)
    assert target.read_text() == "day,price_usd\n2026-01-01,100000.0\n2026-01-02,2.0\n"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "cannot be read: .*No such file"),
        ("", "cannot be read"),
        ("day,price\n2026-01-01,1\n", "needs the header day,price_usd"),
        ("day,price_usd\n", "rows below it"),
        ("day,price_usd\n2026-01-01,1\n2026-01-02,\n", r"given\.csv:3: .*not 2026-01-02,$"),
        ("day,price_usd\n2026-13-01,1\n", r"given\.csv:2: .*not 2026-13-01,1"),
        ("day,price_usd\n2026-01-01,0\n", "above zero"),
        ("day,price_usd\n2026-01-01,-1\n", "above zero"),
        ("day,price_usd\n2026-01-01,inf\n", "above zero"),
        ("day,price_usd\n,1\n", "not ,1"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(content: str | None, fault: str, tmp_path: Path) -> None:
    given = tmp_path / "given.csv"
    if content is not None:
        given.write_text(content)
    with pytest.raises(JobInputError, match=f"{given}.*{fault}" if "given" not in fault else fault):
        read_prices(given)


def test_a_file_appears_only_whole(tmp_path: Path) -> None:
    target = tmp_path / "file.csv"
    with pytest.raises(ZeroDivisionError), completed(target) as part:
        print(part.write_text("half") / 0)
    assert list(tmp_path.iterdir()) == []
    with completed(target) as part:
        part.write_text("whole")
    assert [path.name for path in tmp_path.iterdir()] == ["file.csv"]
