"""The live page in Chromium, without a lake: what it shows of a state that the test makes, and who can use it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.page.board import Board
from monitor.page.records import CoinPrice, Trade
from pipeline.events.catalog import TOPICS
from pipeline.tables.catalog import TABLES
from tests.support.axe import axe_script, violations
from tests.support.browser import Page, chromium
from tests.support.page_server import PRODUCTS, PageServer, page_server

SHOWN_S = 30
DESKTOP, PHONE = (1400, 1500), (360, 780)
PRICES = dict(zip(PRODUCTS, (97_123.46, 0.15231), strict=True))
SILENCE_S = (400, 200)  # from so long ago until so long ago nothing came
NOW_S = int(time.time())
DRAWN = "document.querySelectorAll('.plot canvas').length === 2"
LIVE = "document.querySelector('#live .plot')"
SAID = f"{LIVE}.getAttribute('aria-valuetext')"
# What each point says, by the arrow key from the first to the last.
ALL_THE_WAY = """(() => {
  const plot = document.querySelector('#live .plot'), said = [plot.getAttribute('aria-valuetext')];
  while (plot.ariaValueNow !== plot.ariaValueMax && said.length < 2000) {
    plot.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight' }));
    said.push(plot.getAttribute('aria-valuetext'));
  }
  return said;
})()"""
# The widest stretch of columns without a pixel of the line's colour, between two that have some.
WIDEST_GAP = """(() => {
  const canvas = document.querySelector('#live canvas');
  const { data, width, height } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const is_line = (i) => data[i + 3] > 128 && Math.abs(data[i] - 29) < 40 && Math.abs(data[i + 2] - 209) < 40;
  const columns = [...Array(width).keys()].filter((x) => {
    for (let y = 0; y < height; y += 1) if (is_line(4 * (y * width + x))) return true;
    return false;
  });
  return Math.max(...columns.slice(1).map((x, index) => x - columns[index]));
})()"""


def fill(server: PageServer) -> None:
    """Put everything on the board that the page can show, good and bad."""
    board = server.board
    for second in range(NOW_S - 800, NOW_S + 1, 2):
        if not SILENCE_S[1] < NOW_S - second < SILENCE_S[0]:
            for product, price in PRICES.items():
                trade(board, product, price * (1 + second % 60 / 1e5), second)
    up = {
        name: {"name": name, "up": name != "presto", "pid": 1, "url": "", "rss_mb": 99} for name in ("kafka", "presto")
    }
    board.put("services", up)
    board.put("topics", {topic.name: {"name": topic.name, "end_offset": 10**6, "lag": 3} for topic in TOPICS})
    states = {"rows": 10**7, "freshness_s": 3.2, "data_files": None}
    board.put("tables", {table.full_name: {"name": table.full_name, **states} for table in TABLES})
    board.put("market", {"prices": {"kind": "live", "reason": "x"}, "trades": {"kind": "simulator", "reason": "y"}})
    board.put("disk", {"free": 10**9, "total": 10**12})
    board.put("notes", {"notes": ["spark: 'compact' has failed 3 times in succession"]})
    board.put("faults", {"stats": "Presto at http://127.0.0.1:1 does not answer"})
    board.put("stats", {product: statistics(product) for product in PRODUCTS})
    board.add_price(CoinPrice("bitcoin", "97123.46", NOW_S * 1000, "coingecko"))
    board.add_alerts(alert(number) for number in range(30))
    hours = [[NOW_S // 3600 * 3600 - 3600 * ago, 3600, ago == 5, 50 * (ago == 9)] for ago in range(40, -1, -1)]
    server.coverage = {"products": [{"product_id": name, "source": "simulator", "hours": hours} for name in PRODUCTS]}
    first, closes = date(2013, 1, 1), [100.0 + day for day in range(4000)]
    spans = [{"source": "csv_coingecko", "from": str(first), "to": str(first + timedelta(3999))}]
    server.history = {"coin": "bitcoin", "first_day": str(first), "closes": closes, "sources": spans}


def trade(board: Board, product: str, price: float, second: int) -> None:
    """Have a trade come."""
    made = Trade(product, str(second), f"{price:.6g}", "0.001", "buy", second * 1000, second * 1000 + 5, "simulator")
    board.add_trades([made], second * 1000)


def statistics(product: str) -> dict[str, Any]:
    """Return an hour's statistics."""
    prices = dict.fromkeys(("avg_price", "min_price", "max_price"), str(PRICES[product] * 1.01))
    return {"product_id": product, **prices, "volume": "1234.5", "trades": 3600, "window_end_ms": NOW_S * 1000}


def alert(number: int) -> dict[str, Any]:
    """Return an alert."""
    kind, move = ("FLASH_CRASH", "-2.5") if number % 2 else ("PRICE_SURGE", "2.5")
    shown = {"alert_id": f"a{number}", "alert_type": kind, "source": "simulator", "product_id": "BTC-USD"}
    times = {"triggered_ms": (NOW_S - 1000 * number) * 1000, "detected_ms": NOW_S * 1000}
    return {**shown, "window_s": 60, "move_pct": move, "reference_price": "97000", "price": "94500", **times}


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    with page_server() as server:
        yield server


@pytest.fixture(scope="module")
def opened(server: PageServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    fill(server)
    with chromium(tmp_path_factory.mktemp("browser"), *DESKTOP) as page:
        page.open(server.url)
        page.wait_for(DRAWN, SHOWN_S)
        yield page


@pytest.fixture
def page(opened: Page) -> Page:
    """The page on a desktop, in light colours."""
    opened.prefer("light")
    opened.resize(*DESKTOP)
    opened.wait(0.3)
    return opened


def test_only_what_is_simulated_is_marked(page: Page) -> None:
    marks = "[...document.querySelectorAll('#marks .mark')].map(mark => [mark.textContent, mark.className])"
    assert page.run(marks) == [["Prices live", "mark"], ["Trades SIMULATED", "mark simulated"]]


def test_a_trade_changes_its_products_price_alone(page: Page, server: PageServer) -> None:
    price = "document.querySelector('#trades tr[data-key={}] .price').textContent"
    before = page.run(price.format("DOGE-USD"))
    trade(server.board, "BTC-USD", 96_000.0, NOW_S + 1)
    page.wait_for(f"{price.format('BTC-USD')} === '96,000.00'", SHOWN_S)
    assert page.run(price.format("DOGE-USD")) == before
    assert page.run("document.querySelector('#tape tbody tr').dataset.key") == f"BTC-USD {NOW_S + 1}"


def test_an_outage_is_a_gap_in_the_line(page: Page) -> None:
    wide = page.run("document.querySelector('#live canvas').width") * (SILENCE_S[0] - SILENCE_S[1]) / 900
    assert page.run(WIDEST_GAP) > 0.7 * wide


def test_arrow_keys_move_over_points_and_skip_the_gap(page: Page) -> None:
    page.run(f"{LIVE}.focus()")
    newest = page.run(SAID)
    seconds = []
    for _ in range(4):
        page.press("ArrowLeft")
        seconds.append(page.run(SAID))
    assert len({newest, *seconds}) == 5
    assert page.run("document.querySelector('#live .readout').textContent") == seconds[-1]
    assert page.run(f"{LIVE}.getAttribute('role')") == "slider"
    page.press("Home")
    assert page.run(f"{LIVE}.getAttribute('aria-valuenow')") == "0"
    said = page.run(ALL_THE_WAY)
    assert "no value" not in said
    assert len(said) == len(set(said)) > 200
    page.press("Escape")
    assert page.run(SAID) == newest


def test_the_same_values_are_in_a_table(page: Page) -> None:
    page.run("document.querySelector('#history details').open = true")
    page.wait_for("document.querySelectorAll('#history details tbody tr').length === 11", SHOWN_S)  # 2013 to 2023
    rows = page.run("document.querySelector('#history details tbody').innerText")
    assert rows.splitlines()[-1].split() == ["2013-12-31", "464.00"]
    page.run("document.querySelector('#history details').open = false")


def test_what_is_missing_and_down_is_seen_without_colours(page: Page) -> None:
    text = page.run("document.querySelector('#services').innerText")
    assert ("kafka\tup" in text, "presto\tDOWN" in text) == (True, True)
    assert "Presto at http://127.0.0.1:1 does not answer" in page.text()
    assert page.run("document.querySelectorAll('#coverage td.many').length") == len(PRODUCTS)
    assert "100 trades are missing" in page.text()
    assert page.run("document.querySelectorAll('#alerts li').length") == 20


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_no_fault(page: Page, scheme: str, size: tuple[int, int], tmp_path_factory: Any) -> None:
    page.prefer(scheme)
    page.resize(*size)
    page.wait(0.5)
    assert violations(page, axe_script(tmp_path_factory.getbasetemp())) == []


def test_a_phone_has_no_horizontal_scroll(page: Page) -> None:
    page.resize(*PHONE)
    page.wait(0.5)
    assert page.run("document.documentElement.scrollWidth") == PHONE[0]
    cut = "[...document.querySelectorAll('.card')].filter(card => card.scrollWidth > card.clientWidth)"
    assert page.run(f"{cut}.map(card => card.innerText)") == []
    assert 200 < page.run("document.querySelector('#live canvas').clientWidth") < PHONE[0]


def test_a_server_that_was_restarted_is_found_again(tmp_path: Path) -> None:
    with chromium(tmp_path) as page:
        with page_server() as first:
            first.board.put("notes", {"notes": ["of the first run"]})
            page.open(first.url)
            page.wait_for("document.body.innerText.includes('of the first run')", SHOWN_S)
        page.wait_for("document.querySelector('#connection').dataset.state === 'lost'", SHOWN_S)
        with page_server(first.port) as second:
            second.board.put("notes", {"notes": ["of the second run"]})
            page.wait_for("document.body.innerText.includes('of the second run')", SHOWN_S)
            assert "of the first run" not in page.text()
