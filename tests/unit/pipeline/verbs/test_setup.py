from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pipeline.engines.local_services import services_here
from pipeline.engines.secrets import SERVING_NAMES
from pipeline.errors import ServiceError
from pipeline.host.options import SetupOptions
from pipeline.scheduler_api import MarketInUse
from pipeline.services import SERVICES
from pipeline.settings import load_settings
from pipeline.settings.values import read_env_file
from pipeline.verbs import setup
from pipeline.verbs.announce import announce_market, show_addresses
from pipeline.verbs.backup.errors import UnfinishedRestoreError
from pipeline.verbs.backup.marker import Restoring
from pipeline.verbs.console import Stages
from pipeline.verbs.run_config import Choices

SECRETS = {"POSTGRES_PASSWORD": "hush-1", "POSTGRES_READER_PASSWORD": "hush-2", "S3_SECRET_KEY": "hush-3"}


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


SERVING = {"COINLAKE_HOME": "/nowhere", "COINLAKE_PORT_BASE": "20000", "COINLAKE_SERVING": "true"}


def shown_addresses(environ: dict[str, str]) -> str:
    settings = load_settings({**SECRETS, **environ})
    stages, text = quiet()
    show_addresses(Choices(settings, services_here(settings)), stages)
    return text.getvalue()


def test_where_gold_is_served_is_shown_without_a_secret() -> None:
    shown = shown_addresses(SERVING)
    assert "postgresql://reader@127.0.0.1:20054/coinlake   (POSTGRES_READER_PASSWORD in /nowhere/.env)" in shown
    assert "http://127.0.0.1:20048/coinlake   (S3_ACCESS_KEY, S3_SECRET_KEY in /nowhere/.env)" in shown
    assert [secret for secret in SECRETS.values() if secret in shown] == []
    assert "postgresql://" not in shown_addresses(SERVING | {"COINLAKE_SERVING": "false"})


def test_servers_of_someone_else_are_shown_at_their_addresses() -> None:
    theirs = {"POSTGRES_URL": "postgresql://db.example:5432/gold", "S3_ENDPOINT_URL": "https://s3.example"}
    shown = shown_addresses(SERVING | theirs | {"S3_BUCKET": "mine"})
    assert "postgresql://reader@db.example:5432/gold " in shown
    assert "https://s3.example/mine " in shown


def test_secrets_of_the_serving_tier_are_made_only_where_it_is_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COINLAKE_HOME", str(tmp_path))
    fetched: list[bool] = []
    monkeypatch.setattr(setup, "fetch", lambda _jars, *, serving: fetched.append(serving))
    setup._prepare(SetupOptions(), quiet()[0])
    assert not set(SERVING_NAMES) & set(read_env_file(tmp_path / ".env"))
    choices, _ = setup._prepare(SetupOptions(serving=True), quiet()[0])
    assert set(SERVING_NAMES) <= set(read_env_file(tmp_path / ".env"))
    assert choices.settings.serving.postgres.password
    assert fetched == [False, True]


def test_a_lake_that_holds_a_part_of_a_backup_does_not_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COINLAKE_HOME", str(tmp_path))
    Restoring("backup-1.json", "/backups").begin(load_settings())
    with pytest.raises(UnfinishedRestoreError, match=r"run pipeline/scripts/lake_restore.sh with the same words again"):
        setup.run(SetupOptions(), quiet()[0])


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
