from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import RateLimitedError, RetryableSourceError, ServiceError
from pipeline.host.options import SetupOptions
from pipeline.ingest.sources.coingecko import CoinGecko
from pipeline.settings import load_settings
from pipeline.verbs import market_check, setup
from pipeline.verbs.console import Stages
from pipeline.verbs.run_config import Choices


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COINLAKE_HOME", str(tmp_path))


def answer(monkeypatch: pytest.MonkeyPatch, fault: Exception | None) -> None:
    def prices(*_: object) -> list[object]:
        if fault is not None:
            raise fault
        return []

    monkeypatch.setattr(CoinGecko, "prices", prices)


NO_ROUTE = RetryableSourceError("coingecko", "/simple/price: Name or service not known")


@pytest.mark.parametrize("fault", [None, RateLimitedError("coingecko", 30)])
def test_a_market_that_answers_can_be_used(monkeypatch: pytest.MonkeyPatch, fault: Exception | None) -> None:
    answer(monkeypatch, fault)
    assert market_check.main() == 0


def test_the_markets_own_fault_and_the_way_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(monkeypatch, NO_ROUTE)
    assert market_check.main() == 1
    said = capsys.readouterr().err
    assert "coingecko: /simple/price: Name or service not known. Nothing was changed" in said
    assert "--market auto or --market simulator" in said


def test_a_set_up_asks_before_it_touches_a_service(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, NO_ROUTE)
    settings = load_settings()
    choices = Choices(settings, (), turns_live=True)
    monkeypatch.setattr(setup, "_prepare", lambda _options, _stages: (choices, False))
    started: list[object] = []
    monkeypatch.setattr(setup.bring_up, "start", lambda *_: started.append(1))
    with pytest.raises(ServiceError, match="Name or service not known"):
        setup.run(SetupOptions(market="live"), Stages())
    assert started == []
