"""Removing a source's rows from both price tables, whatever step a crash cuts."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipeline.serving.removal import SourceRemover
from pipeline.serving.requests import request_name
from pipeline.stream.gold.coin_gold import CoinGold
from pipeline.tables.silver import COIN_PRICES
from tests.support.coin_prices import daily
from tests.support.published import Published, add, silver

WRONG = "csv_coingecko"


@pytest.fixture
def published(lake: SparkSession, tmp_path: Path) -> Published:
    """Both tables, with rows of a wrong file in two years, one of which has others, too."""
    add(lake, datetime(2026, 1, 1), 5)
    add(lake, datetime(2026, 1, 2), 1, source=WRONG)
    add(lake, datetime(2019, 1, 2), 2, source=WRONG)
    add(lake, datetime(2026, 1, 3), 3, "solana", source=WRONG)
    table = Published(lake, tmp_path)
    assert table.publisher.run() == 11
    return table


def request(published: Published, source: str, coin: str | None) -> Path:
    """Make a request as `remove_source.sh` does."""
    folder = Path(published.settings.lake.removal_requests.removeprefix("file://")) / request_name(source, coin)
    folder.mkdir(parents=True)
    return folder


def remover(lake: SparkSession, published: Published) -> SourceRemover:
    return SourceRemover(lake, published.settings, published.publisher, CoinGold(lake).rebuild)


def sources(lake: SparkSession) -> set[tuple[str, str]]:
    return {(row["source"], row["coin"]) for row in lake.table(COIN_PRICES.full_name).collect()}


def test_a_coin_of_a_source_goes_from_both_tables(lake: SparkSession, published: Published) -> None:
    asked = request(published, WRONG, "bitcoin")
    assert remover(lake, published).run() == 1
    assert sources(lake) == {("test", "bitcoin"), (WRONG, "solana")}
    assert published.rows() == silver(lake)
    assert {(row["source"], row["coin"]) for row in daily(lake).values()} == sources(lake)
    assert sorted(published.partitions.partitions) == ["2026"], "a year without a row is gone"
    assert not asked.exists()
    assert remover(lake, published).run() == 0


def test_all_coins_of_a_source_go_and_new_rows_are_published_after_it(lake: SparkSession, published: Published) -> None:
    request(published, WRONG, None)
    remover(lake, published).run()
    add(lake, datetime(2026, 1, 2), 1, source=WRONG)  # the right file, as many rows as the wrong one had
    published.publisher.run()
    assert sources(lake) == {("test", "bitcoin"), (WRONG, "bitcoin")}
    assert published.rows() == silver(lake)


def test_a_crash_after_the_removal_is_made_good_although_the_counts_are_equal(
    lake: SparkSession, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request(published, WRONG, "bitcoin")
    monkeypatch.setattr(published.publisher, "rewrite", lambda _years: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        remover(lake, published).run()
    add(lake, datetime(2026, 1, 5), 1)  # 2026 and 2019 hold as many rows as were published
    add(lake, datetime(2019, 1, 5), 2)
    published.restart()
    assert remover(lake, published).run() == 1
    published.publisher.run()
    assert published.rows() == silver(lake)
    assert (WRONG, "bitcoin") not in sources(lake)
    assert not asked.exists()


def test_what_is_no_request_is_left_alone(lake: SparkSession, published: Published) -> None:
    folder = Path(published.settings.lake.removal_requests.removeprefix("file://"))
    (folder / "x' OR true --@").mkdir(parents=True)
    assert remover(lake, published).run() == 0
    assert published.rows() == silver(lake)


def test_names_are_plain_words() -> None:
    assert request_name("csv_kaggle", None) == "csv_kaggle@"
    with pytest.raises(ValueError, match="lower-case words"):
        request_name("x' OR true", "bitcoin")
