"""The live page in Chromium, on the running lake: figures change, alerts come, what dies turns red and green again."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from pipeline.simulated_exchange import SimulatedExchange
from tests.support.browser import Page, chromium
from tests.support.killing import kill, killed
from tests.support.stack import Stack
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

SHOWN_S = 60  # on a busy machine
DRAWN = "document.querySelectorAll('.plot canvas').length === 2"
NEWEST_TRADE = "document.querySelector('#tape tbody tr')?.dataset.key"
HISTORY = "document.querySelector('#history .plot')"
SAID = f"{HISTORY}.getAttribute('aria-valuetext')"
LIVE = "document.querySelector('#connection').dataset.state === 'live'"
CRASHING = "ETH-USD"  # another than the one of the trades' tests, whose alert may still keep the next one away


def state_is(service: str, words: str) -> str:
    """Return the script that tells whether the page says so of a service."""
    return f"document.querySelector('#services tr[data-key={service}] .state')?.textContent === '{words}'"


@pytest.fixture(scope="module")
def exchange(stack: Stack) -> SimulatedExchange:
    """The exchange whose trades the page shows."""
    exchange = SimulatedExchange.of(stack.settings)
    exchange.set_rate(5)
    return exchange


@pytest.fixture(scope="module")
def page(stack: Stack, exchange: SimulatedExchange, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The page, open, with both charts drawn."""
    with chromium(tmp_path_factory.mktemp("browser"), 1400, 1500) as opened:
        opened.open(f"{stack.settings.url('page')}/")
        opened.wait_for(DRAWN, SHOWN_S)
        yield opened


def test_the_set_up_names_the_page_and_the_status_shows_it(stack: Stack) -> None:
    assert {"page"} <= {service["name"] for service in stack.status()["services"] if service["up"]}


def test_figures_change_without_a_reload(page: Page) -> None:
    page.run("window.notReloaded = true")
    for _ in range(3):
        before = page.wait_for(NEWEST_TRADE, SHOWN_S)
        page.wait_for(f"{NEWEST_TRADE} !== {before!r}", SHOWN_S)
    assert page.run("window.notReloaded") is True


def test_every_product_and_coin_is_there_and_marked_as_simulated(page: Page, stack: Stack) -> None:
    for table, names in (("trades", stack.settings.markets.products), ("coins", stack.settings.markets.coins)):
        shown = f"[...document.querySelectorAll('#{table} tbody tr')].map(row => row.dataset.key).sort().join()"
        page.wait_for(f"{shown} === '{','.join(sorted(names))}'", SHOWN_S)
    marks = page.run("document.querySelector('#marks').innerText")
    assert marks.split("\n") == ["Prices SIMULATED", "Trades SIMULATED"]


def test_statistics_coverage_and_tables_are_presto_s(page: Page, stack: Stack) -> None:
    product = stack.settings.markets.products[0]
    wait_until(lambda: stack.count("gold.dm_crypto_price_stats", f"product_id = '{product}'"), 180, "statistics")
    volume = f"document.querySelector('#trades tr[data-key={product}]').cells[5].textContent"
    page.wait_for(f"/[0-9]/.test({volume})", SHOWN_S)
    page.wait_for("document.querySelectorAll('#coverage .cell.full, #coverage .cell.filled').length > 0", 2 * SHOWN_S)
    page.wait_for("[...document.querySelectorAll('#tables td:nth-child(2)')].some(cell => cell.textContent > '0')", 60)
    lag = "[...document.querySelectorAll('#topics td:nth-child(3)')].every(cell => /[0-9]/.test(cell.textContent))"
    page.wait_for(lag, SHOWN_S)


def test_a_keyboard_moves_through_the_history(page: Page, stack: Stack) -> None:
    page.run(f"{HISTORY}.focus()")
    newest = page.run(SAID)
    page.press("ArrowLeft")
    page.press("ArrowLeft")
    assert page.run(SAID) < newest
    page.press("Home")
    first = stack.presto("SELECT min(day) FROM iceberg.gold.daily_prices WHERE coin = 'bitcoin'")[0][0]
    assert page.run(SAID).startswith(f"{first}: ")
    assert page.run("document.querySelector('#history .readout').textContent") == page.run(SAID)
    page.press("Escape")
    assert page.run(SAID) == newest


def test_an_alert_is_on_the_page_within_five_seconds(page: Page, stack: Stack, exchange: SimulatedExchange) -> None:
    alerts = f"SELECT alert_id FROM gold.dm_market_alerts WHERE product_id = '{CRASHING}'"
    known = {row[0] for row in stack.presto(alerts)}
    exchange.move_price(CRASHING, percent=-4, seconds=3)
    new = wait_until(lambda: {row[0] for row in stack.presto(alerts)} - known, 90, "the alert is in the table").pop()
    page.wait_for(f"document.querySelector('#alerts [data-key=\"{new}\"]')?.innerText.includes('Flash crash')", 5)


def test_a_service_that_is_killed_turns_red_and_green_again(page: Page, stack: Stack) -> None:
    page.wait_for(state_is("presto", "up"), SHOWN_S)
    with killed(stack, "presto"):
        page.wait_for(state_is("presto", "DOWN"), 15)
        page.wait_for("document.querySelector('#faults').textContent.includes('Presto at ')", 60)
        before = page.run(NEWEST_TRADE)
        page.wait_for(f"{NEWEST_TRADE} !== {before!r}", SHOWN_S)  # the rest of the page lives on
    page.wait_for(state_is("presto", "up"), 180)
    page.wait_for("document.querySelector('#faults').hidden", 180)


def test_a_page_whose_server_was_restarted_goes_on(page: Page, stack: Stack) -> None:
    before = page.run(NEWEST_TRADE)
    kill(stack, "page")
    page.wait_for(f"!({LIVE})", SHOWN_S)
    page.wait_for(LIVE, SHOWN_S)
    page.wait_for(f"{NEWEST_TRADE} && {NEWEST_TRADE} !== {before!r}", SHOWN_S)
    assert page.run("window.notReloaded") is True


def test_nothing_is_asked_of_anyone_else(page: Page, stack: Stack) -> None:
    page.wait(0.1)
    own = urlsplit(stack.settings.url("page")).netloc
    assert {urlsplit(address).netloc for address in page.left_for() if address.startswith(("http", "ws"))} == {own}
