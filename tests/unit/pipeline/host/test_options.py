from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.host.options import HistoryFile, SetupOptions, coin_of_file, parse_options


@pytest.mark.parametrize(
    ("name", "coin"),
    [
        ("coingecko_btc-usd-max_20130428_20260113.csv", "bitcoin"),
        ("kaggle_btcusd_1-min_data_first10000.csv", "bitcoin"),
        ("derived_kaggle_shape_binance_BTCUSDT_2021.csv", "bitcoin"),
        ("eth-usd-max.csv", "ethereum"),
        ("SOL.csv", "solana"),
        ("my xrp prices.CSV", "ripple"),
        ("dogecoin.csv", "dogecoin"),
        ("avalanche-2.csv", "avalanche-2"),
        ("bitcoin-cash_2020.csv", "bitcoin-cash"),
        ("ethereum-classic.csv", "ethereum-classic"),
        ("bitcoin_btc.csv", "bitcoin"),
    ],
)
def test_coin_of_file_reads_id_or_symbol(name: str, coin: str) -> None:
    assert coin_of_file(name) == coin


@pytest.mark.parametrize("name", ["prices.csv", "usd.csv", ".csv", "x", "butcher.csv"])
def test_coin_of_file_without_a_coin_says_what_to_add(name: str) -> None:
    with pytest.raises(ValueError, match=r"does not say which coin.*--history-coin"):
        coin_of_file(name)


def test_coin_of_file_with_two_coins_names_both() -> None:
    with pytest.raises(ValueError, match="bitcoin and ethereum"):
        coin_of_file("eth-btc.csv")


def test_parse_options_leaves_open_what_is_not_given() -> None:
    assert parse_options([]) == SetupOptions(market=None, small=None, notebook=None, history=None)


def test_parse_options_reads_everything(tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    file.write_text("x")
    given = ["--native", "--market", "simulator", "--small", "--no-notebook", "--history", str(file)]
    assert parse_options([*given, "--history-coin", "eth"]) == SetupOptions(
        market="simulator", small=True, notebook=False, history=HistoryFile(file, "ethereum"), way="native"
    )


def test_parse_options_makes_the_history_path_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "btc.csv").write_text("x")
    monkeypatch.chdir(tmp_path)
    assert parse_options(["--history", "btc.csv"]).history == HistoryFile(tmp_path / "btc.csv", "bitcoin")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--profile", "cluster"], "--profile needs --docker"),
        (["--with", "everything"], "invalid choice"),
        (["--without", "serving", "--superset"], "--superset needs --with serving"),
        (["--native", "--docker"], "not allowed with"),
        (["--market", "moon"], "invalid choice"),
        (["--history", "missing-btc.csv"], "no such file"),
        (["--history", "/"], "not a file"),
        (["--history-coin", "btc"], "needs --history"),
        (["--mark", "live"], "unrecognized arguments"),
    ],
)
def test_parse_options_refuses_with_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        parse_options(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "serving", "superset"),
    [
        ([], None, None),
        (["--with", "serving"], True, None),
        (["--with", "serving", "--no-superset"], True, False),
        (["--superset"], None, True),
        (["--without", "serving"], False, None),
        (["--with", "serving", "--without", "serving"], False, None),
    ],
)
def test_parse_options_reads_the_serving_tier(
    arguments: list[str], serving: bool | None, superset: bool | None
) -> None:
    assert parse_options(arguments) == SetupOptions(serving=serving, superset=superset)


def test_parse_options_reads_the_way() -> None:
    assert parse_options(["--docker", "--profile", "cluster"]) == SetupOptions(way="docker", profile="cluster")
    assert parse_options(["--docker"]).profile is None


def test_parse_options_refuses_an_empty_history_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "btc.csv").touch()
    with pytest.raises(SystemExit):
        parse_options(["--history", str(tmp_path / "btc.csv")])
    assert "the file is empty" in capsys.readouterr().err


def test_parse_options_refuses_a_malformed_coin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text("x")
    with pytest.raises(SystemExit):
        parse_options(["--history", str(tmp_path / "a.csv"), "--history-coin", "Bit Coin"])
    assert "expected a CoinGecko id" in capsys.readouterr().err
