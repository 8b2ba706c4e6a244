"""What the charts of trades calculate, by rows written out here; hypothesis compares wide candles with numpy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import trades
from tests.support import trade_answers as made


def rows(*products: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(products, columns=["source", "product_id"])


def minutes(*at: float) -> pd.DatetimeIndex:
    return pd.DatetimeIndex([pd.Timestamp(made.START, tz="UTC") + pd.Timedelta(minutes=n) for n in at])


def test_simulated_rows_stand_aside_for_real_ones_of_the_product() -> None:
    mixed = rows(("coinbase", "BTC"), ("simulator", "BTC"), ("simulator", "ETH"))
    assert trades.real_first(mixed).index.tolist() == [0, 2]
    assert trades.real_first(mixed, ()).index.tolist() == [0]
    assert trades.real_first(mixed[1:], ()).index.tolist() == [1, 2]
    assert trades.one_product(mixed, "BTC")["source"].tolist() == ["coinbase"]
    assert [trades.simulated(part) for part in (mixed, mixed[:1], mixed[:0])] == [True, False, False]


@pytest.mark.parametrize("keys", [("product_id",), ()])
def test_no_rows_stay_none(keys: tuple[str, ...]) -> None:
    assert trades.real_first(rows(), keys).empty


def test_few_candles_stay_as_they_are() -> None:
    given_rows = made.frame("candles", made.candles(minutes=30))
    width, candles = trades.widened(given_rows, 30)
    assert width == 1
    assert candles.index.tolist() == given_rows["minute"].tolist()
    assert candles["close"].tolist() == given_rows["close"].tolist()


def test_many_candles_are_put_together() -> None:
    candles = made.frame("candles", made.candles(minutes=8)).sample(frac=1, random_state=1)
    candles.loc[candles["minute"] == minutes(0)[0], "open"] = 100.5
    candles.loc[candles["minute"] == minutes(3)[0], "high"] = 150.0
    width, wide = trades.widened(candles, 4)
    assert width == 5
    assert wide.index.tolist() == minutes(0, 5).tolist()
    assert wide.loc[minutes(0)[0]].to_dict() == {
        "open": 100.5, "high": 150, "low": 99, "close": 101, "volume": 10, "turnover": 1000, "trades": 20,
    }  # fmt: skip
    assert wide["close"].tolist() == [101, 100]


def test_no_candle_is_no_candle() -> None:
    width, candles = trades.widened(made.frame("candles"), 100)
    assert (width, len(candles)) == (1, 0)


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=40, unique=True), st.integers(1, 60))
def test_wide_candles_keep_extremes_and_sums(starts: list[int], at_most: int) -> None:
    prices = np.asarray(starts, dtype=float) % 97 + 1
    columns = dict.fromkeys(("open", "high", "low", "close", "volume", "turnover"), prices)
    candles = pd.DataFrame({"minute": minutes(*starts), "trades": 1} | columns)
    width, wide = trades.widened(candles, at_most)
    assert width in trades.CANDLE_MINUTES
    assert (wide["high"].max(), wide["low"].min()) == (prices.max(), prices.min())
    assert wide["volume"].sum() == pytest.approx(prices.sum())
    assert wide["close"].iloc[-1] == prices[np.argmax(starts)]
    assert len(wide) <= at_most + 1 or width == trades.CANDLE_MINUTES[-1]


def priced(*rows: tuple[float, float, float]) -> pd.DataFrame:
    """Return candles: the minute they start at, their turnover and their volume."""
    frame = pd.DataFrame(rows, columns=["at", "turnover", "volume"])
    return frame.assign(minute=minutes(*frame["at"])).drop(columns="at")


def test_vwap_is_turnover_over_volume() -> None:
    values = trades.vwap(priced((0, 30, 2), (1, 0, 0), (2, 8, 4)))
    assert values.tolist() == pytest.approx([15, float("nan"), 2], nan_ok=True)
    assert trades.vwap(priced()).empty


def test_a_rolling_vwap_waits_for_its_window_and_drops_what_is_older() -> None:
    rolling = trades.rolling_vwap(priced((0, 100, 1), (30, 50, 1), (59, 20, 2), (89, 0, 0), (150, 7, 1)), 1)
    assert rolling.index.tolist() == minutes(1, 31, 60, 90, 151).tolist()
    assert rolling.tolist() == pytest.approx([float("nan"), float("nan"), 170 / 4, 70 / 3, 7], nan_ok=True)
    assert trades.rolling_vwap(priced(), 1).empty


@given(st.lists(st.floats(1, 1000), min_size=1, max_size=40), st.integers(1, 5))
@settings(max_examples=20, deadline=None)
def test_a_rolling_vwap_equals_numpys_weighted_mean(prices: list[float], hours: int) -> None:
    sizes = [number % 5 + 0.5 for number in range(len(prices))]
    rows = [(30 * n, price * size, size) for n, (price, size) in enumerate(zip(prices, sizes, strict=True))]
    rolling = trades.rolling_vwap(priced(*rows), hours).tolist()
    each = 2 * hours  # candles in a window
    for end in range(each, len(prices)):
        last = slice(end - each + 1, end + 1)
        assert rolling[end] == pytest.approx(np.average(prices[last], weights=sizes[last]))


@pytest.mark.parametrize(
    ("volume", "area"),
    [
        ([5.0], (0, 0, 0)),
        ([1.0, 1, 9, 1, 1], (2, 3, 2)),
        ([1.0, 4, 5, 3, 1], (1, 3, 2)),
        ([9.0, 0, 0, 8], (0, 3, 0)),
        ([0.0, 0], (0, 0, 0)),
    ],
)
def test_the_value_area_grows_by_the_larger_neighbour(volume: list[float], area: tuple[int, int, int]) -> None:
    assert trades.value_area(pd.Series(volume)) == area


def test_a_line_breaks_in_a_long_quiet_span_only() -> None:
    line = trades.with_breaks(pd.DataFrame({"price": [1.0, 2, 3]}, index=minutes(0, 60, 121)))
    assert line.index.tolist() == minutes(0, 60, 90, 121).tolist()
    assert line["price"].isna().tolist() == [False, False, True, False]
    assert trades.with_breaks(line.iloc[:0]).empty


def test_alerts_of_another_product_are_looked_at_if_there_are_no_others() -> None:
    alerts = made.frame("live_alerts", [made.alert(9, 2, "XRP-USD"), made.alert(5, 2, made.ETH)])
    assert [trades.alerted(alerts, name) for name in (made.ETH, made.BTC)] == [made.ETH, "XRP-USD"]
    assert trades.alerted(alerts[:0], made.BTC) == made.BTC


def test_of_alerts_close_together_the_strongest_is_told() -> None:
    alerts = made.frame("live_alerts", [made.alert(n, move) for n, move in ((80, 2), (11, 3), (10, -5), (0, -2.5))])
    hours = pd.Timedelta(minutes=80)
    assert trades.told_apart(alerts, 9, hours)["move_pct"].tolist() == [-5, -2.5, 2]
    assert trades.told_apart(alerts, 1, hours)["move_pct"].tolist() == [-5]
    assert trades.told_apart(alerts[:0], 9, hours).empty


def test_delays_have_a_row_a_step() -> None:
    delays = trades.delays(made.frame("trade_freshness", [made.freshness("matches"), made.freshness("rest")]))
    assert delays["channel"].tolist() == ["matches"] * 3 + ["rest"] * 3
    assert delays["step"].tolist()[:3] == ["trade to receipt", "receipt to Kafka", "trade to Kafka"]
    assert delays[["p50", "p90", "p99", "max"]].to_numpy().tolist()[:3] == [
        [0, 20, 30, 40],
        [50, 60, 70, 90],
        [50, 80, 100, 4000],
    ]
    assert trades.delays(made.frame("trade_freshness")).empty


def test_a_gap_that_is_open_has_no_duration() -> None:
    table = trades.gap_table(made.frame("trade_gaps", [made.gap("open", None), made.gap("filled", 3.541)]))
    assert table["seconds"].isna().tolist() == [True, False]
    assert table["seconds"].iloc[1] == 3.5
    assert trades.gap_table(made.frame("trade_gaps")).empty
