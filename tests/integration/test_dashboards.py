"""Superset as a person sees it: log in, look at the dashboard, wait for the next minute."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from pipeline.events.candles import BITCOIN_DATA, CandleEvent
from pipeline.settings import load_settings
from tests.integration.conftest import SETUP
from tests.support.browser import Page, chromium, chromium_program
from tests.support.stack import Stack
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long  # Superset's packages and its start take minutes

LOG_IN = """(() => {
  const type = (field, text) => {
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(field, text);
    field.dispatchEvent(new Event('input', { bubbles: true }));
  };
  type(document.querySelector('#username'), %r);
  type(document.querySelector('#password'), %r);
  document.querySelector('button[type=submit]').click();
})()"""
MINUTES = r"\d{4}-\d\d-\d\d \d\d:\d\d"
TITLES = (
    "Price now, USD",
    "Where the data is from",
    "Candles of 5 minutes",
    "Price and its moving averages",
    "Volatility",
    "Volume",
    "Alerts",
    "Coverage of trades by hour",
    "Newest price of each coin",
)
MAY_BE_EMPTY = {"Alerts"}  # a market without a sudden move has none
REFRESH_S, NEXT_MINUTE_S = 10, 150
SETUP_S = 600  # Superset's packages, its tables and its first start
PAGE_S = 180  # for a page on a busy machine, the first ones after a start
DASHBOARD = "/superset/dashboard/bitcoin-live/"
BUILD = "pipeline/scripts/build_gold.sh"
BUILD_S = 240
GOLD = "iceberg.gold.bitcoin_gold_data"
OPTION = '.ant-select-item-option[title="BTC-EUR"]'
OLD_CANDLE = CandleEvent(
    "csv_kaggle", "BTC-EUR", datetime(2019, 5, 1, 12, tzinfo=UTC), *(Decimal(5000) for _ in range(5)), is_filled=False
)


@pytest.fixture(scope="module")
def with_superset(stack: Stack) -> Iterator[Stack]:
    """The lake, to which Superset was added for these tests, and from which it is taken away again."""
    chromium_program()
    stack.script(SETUP, "--native", "--market", "simulator", "--superset", seconds=SETUP_S)
    wait_until(lambda: stack.count(GOLD, "source = 'simulator'") > 0, PAGE_S, "gold has a simulated candle")
    stack.script(BUILD, seconds=BUILD_S)  # without a product to choose, the page waits for one
    yield Stack(load_settings(stack.env), stack.env, stack.root)  # reread: the set-up has made the secrets
    stack.script(SETUP, "--native", "--market", "simulator", "--no-superset", seconds=SETUP_S)


@pytest.fixture(scope="module")
def page(with_superset: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The dashboard, open in a browser that has logged in."""
    with chromium(tmp_path_factory.mktemp("browser")) as opened:
        log_in(opened, with_superset)
        opened.open(f"{with_superset.settings.url('superset')}{DASHBOARD}")
        opened.wait_for("document.querySelectorAll('canvas').length >= 5", PAGE_S)
        yield opened


def log_in(page: Page, stack: Stack) -> None:
    """Fill the form in again until it was listening: it can be seen before its script runs."""
    page.open(f"{stack.settings.url('superset')}/login/")
    page.wait_for("document.querySelector('#password') !== null", PAGE_S)
    password = stack.settings.serving.superset.admin_password.reveal()
    end = time.monotonic() + PAGE_S
    while page.run("location.pathname") == "/login/" and time.monotonic() < end:
        page.run(LOG_IN % ("admin", password))
        page.wait(5)
    page.wait_for("location.pathname === '/superset/welcome/'", PAGE_S)


def answers(page: Page) -> list[dict[str, Any]]:
    """Return the charts' own data answers so far."""
    asked = [request for request, address in page.answered if urlsplit(address).path == "/api/v1/chart/data"]
    return [result for request in asked for result in page.body(request)["result"]]


def test_every_chart_is_drawn_and_has_data(page: Page) -> None:
    page.wait(REFRESH_S)
    text = page.text()
    assert [title for title in TITLES if title not in text] == []
    assert "SIMULATED" in text
    results = answers(page)
    assert [result["error"] for result in results if result.get("error")] == []
    assert sum(result["rowcount"] > 0 for result in results) >= len(TITLES) - len(MAY_BE_EMPTY)
    drawn = page.run("[...document.querySelectorAll('canvas')].filter(c => c.width > 100 && c.height > 100).length")
    assert drawn >= 5
    assert "There is no chart definition" not in text


def test_the_next_minute_appears_without_a_reload(page: Page) -> None:
    newest = max(re.findall(MINUTES, page.text()))
    page.run("window.notReloaded = true")
    later = f"[...document.body.innerText.matchAll(/{MINUTES}/g)].some(m => m[0] > '{newest}')"
    page.wait_for(later, NEXT_MINUTE_S + REFRESH_S)
    assert page.run("window.notReloaded") is True


def test_another_product_can_be_chosen(with_superset: Stack, page: Page) -> None:
    """Whatever a file brought is there to be looked at, though what is live is shown first."""
    with_superset.produce(BITCOIN_DATA.name, b"BTC-EUR", OLD_CANDLE.to_json())
    with_superset.script(BUILD, seconds=BUILD_S)
    page.open(f"{with_superset.settings.url('superset')}{DASHBOARD}")
    page.wait_for("document.querySelectorAll('canvas').length >= 5", PAGE_S)
    page.click(".ant-select-selector")
    page.wait_for(f"document.querySelector('{OPTION}') !== null", PAGE_S)
    page.click(OPTION)
    page.run("[...document.querySelectorAll('button')].find(b => b.innerText === 'Apply filters').click()")
    page.wait_for(f"document.body.innerText.includes('{OLD_CANDLE.minute:%Y-%m-%d %H:%M}')", PAGE_S)
    assert "csv_kaggle" in page.text()


def test_nothing_is_asked_of_anyone_else(page: Page) -> None:
    hosts = {urlsplit(address).hostname for address in page.left_for() if address.startswith(("http", "ws"))}
    assert hosts == {"127.0.0.1"}


@pytest.mark.usefixtures("page")
def test_the_password_is_in_no_process_list(with_superset: Stack) -> None:
    secrets = with_superset.settings.serving
    hidden = [secrets.postgres.password, secrets.superset.secret_key, secrets.superset.admin_password]
    lines = b"".join(path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists())
    assert [secret for secret in hidden if secret.reveal().encode() in lines] == []
