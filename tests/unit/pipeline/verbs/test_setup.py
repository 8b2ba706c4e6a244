from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from pipeline.errors import ServiceError
from pipeline.scheduler_api import MarketInUse
from pipeline.services import SERVICES
from pipeline.settings import load_settings
from pipeline.verbs import setup
from pipeline.verbs.announce import announce_market, show_addresses
from pipeline.verbs.console import Stages
from pipeline.verbs.run_config import Choices


def quiet() -> tuple[Stages, io.StringIO]:
    text = io.StringIO()
    return Stages(Console(file=text, width=120, soft_wrap=True)), text


def market(prices: str, trades: str = "live") -> Any:
    class Api:
        def market(self) -> MarketInUse:
            return MarketInUse(prices, "CoinGecko does not answer", trades, "as it is")

    return Api()


def test_the_simulator_is_announced_loudly_with_the_reason() -> None:
    stages, text = quiet()
    announce_market(market("simulator"), stages)
    assert "SIMULATED PRICES:" in text.getvalue()
    assert "Why: CoinGecko does not answer." in text.getvalue()
    assert "market of trades: live (as it is)" in text.getvalue()


def test_simulated_trades_beside_live_prices_are_announced_loudly() -> None:
    stages, text = quiet()
    announce_market(market("live", "simulator"), stages)
    assert "SIMULATED TRADES:" in text.getvalue()
    assert "Why: as it is." in text.getvalue()
    announce_market(market("simulator", "simulator"), stages)
    assert "SIMULATED PRICES AND TRADES:" in text.getvalue()


def test_live_markets_are_two_quiet_lines() -> None:
    stages, text = quiet()
    announce_market(market("live"), stages)
    assert text.getvalue().count("\n") == 2
    assert "market of prices: live" in text.getvalue()


def test_every_page_is_shown_and_the_notebook_with_its_token() -> None:
    environ = {"COINLAKE_HOME": "/nowhere", "COINLAKE_PORT_BASE": "20000", "COINLAKE_NOTEBOOK_TOKEN": "t0ken"}
    settings = load_settings(environ)
    stages, text = quiet()
    show_addresses(Choices(settings, SERVICES), stages)
    shown = text.getvalue()
    for page in ("20088/lab?token=t0ken", "20080", "20040", "20070", "20050"):
        assert f"http://127.0.0.1:{page}\n" in shown
    stages, text = quiet()
    show_addresses(Choices(settings, ("presto",)), stages)
    assert "t0ken" not in text.getvalue()


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (ServiceError("kafka was not ready within 60 s"), 1, "pipeline_setup.sh: kafka was not ready within 60 s"),
        (KeyboardInterrupt(), 130, "rerun the command to resume"),
    ],
)
def test_an_end_before_the_end_is_one_clear_line(
    raised: BaseException,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(*_: object) -> None:
        raise raised

    monkeypatch.setattr(setup, "run", run)
    assert setup.main([]) == code
    assert said in capsys.readouterr().err
