"""Settings: where a value comes from, what is refused, and that secrets stay secret."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import string
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import SettingsError
from pipeline.services import PORT_OFFSETS
from pipeline.settings import CHECKOUT, Settings, load_settings
from pipeline.settings.machine import HIGHEST_OFFSET
from pipeline.settings.values import Secret, read_env_file

Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load settings from the named variables and an empty home, whatever this shell's environment holds."""

    def call(**environ: str) -> Settings:
        return load_settings({"COINLAKE_HOME": str(tmp_path), **environ})

    return call


def test_defaults(load: Load) -> None:
    read = load()
    assert read.markets.coins == ("bitcoin", "ethereum", "solana", "ripple", "dogecoin")
    assert (read.markets.mode, read.small, read.markets.poll_s) == ("auto", False, 60)
    assert (read.kafka.bootstrap, read.kafka.compression) == ("127.0.0.1:18092", "zstd")
    assert read.lake.hdfs_uri == "hdfs://127.0.0.1:18020"
    assert read.lake.warehouse == "hdfs://127.0.0.1:18020/warehouse"
    assert read.lake.presto_url == "http://127.0.0.1:18080"
    assert read.lake.metastore_uri == "thrift://127.0.0.1:18083"


def test_home_defaults_to_the_checkout() -> None:
    assert load_settings({}).home == CHECKOUT / ".coinlake"


def test_load_without_arguments_reads_the_process_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COINLAKE_HOME", str(tmp_path))
    monkeypatch.setenv("COINS", "monero")
    assert load_settings().markets.coins == ("monero",)


def test_port_base_moves_every_port(load: Load) -> None:
    read = load(COINLAKE_PORT_BASE="31000")
    assert {name: read.port(name) - offset for name, offset in PORT_OFFSETS.items()} == dict.fromkeys(
        PORT_OFFSETS, 31000
    )
    assert read.url("scheduler") == "http://127.0.0.1:31050"
    assert read.kafka.bootstrap == "127.0.0.1:31092"


def test_env_file_beats_default_and_environment_beats_env_file(load: Load, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("COINS=monero\nCOINLAKE_POLL_SECONDS=7\n")
    assert (load().markets.coins, load().markets.poll_s) == (("monero",), 7)
    assert load(COINS="litecoin").markets.coins == ("litecoin",)


def test_empty_variable_counts_as_not_given(load: Load, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("COINLAKE_POLL_SECONDS=7\n")
    assert load(COINLAKE_POLL_SECONDS="").markets.poll_s == 7


def test_coins_are_trimmed_and_each_kept_once(load: Load) -> None:
    assert load(COINS=" bitcoin, ethereum,,bitcoin ").markets.coins == ("bitcoin", "ethereum")


@pytest.mark.parametrize(("given_value", "small"), [("true", True), ("1", True), ("False", False), ("0", False)])
def test_small_is_a_flag(load: Load, given_value: str, small: bool) -> None:
    assert load(COINLAKE_SMALL=given_value).small is small


def test_addresses_lose_their_closing_slash(load: Load) -> None:
    assert load(COINGECKO_URL="https://example.org/api/v3/").markets.coingecko_url == "https://example.org/api/v3"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("COINLAKE_PORT_BASE", "1023"),
        ("COINLAKE_PORT_BASE", str(65536 - HIGHEST_OFFSET)),
        ("COINLAKE_PORT_BASE", "18000.5"),
        ("COINLAKE_PORT_BASE", "²"),
        ("COINLAKE_MARKET", "Live"),
        ("COINLAKE_SMALL", "maybe"),
        ("COINS", ","),
        ("COINS", "Bitcoin"),
        ("COINS", "bitcoin;ethereum"),
        ("COINLAKE_POLL_SECONDS", "0"),
        ("COINLAKE_POLL_SECONDS", "86401"),
        ("COINLAKE_POLL_SECONDS", "-5"),
        ("COINLAKE_POLL_SECONDS", "1e3"),
        ("COINGECKO_URL", "api.example.org"),
        ("COINGECKO_TIER", "free"),
        ("COINMETRICS_URL", "ftp://example.org"),
        ("COINBASE_REST_URL", "https://"),
        ("COINLAKE_ALERT_RULES", "60:nan"),
        ("COINLAKE_ALERT_RULES", "60:snan"),
        ("COINLAKE_ALERT_RULES", "60:inf"),
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka"),
        ("KAFKA_BOOTSTRAP_SERVERS", "a:1,:2"),
        ("KAFKA_COMPRESSION", "zip"),
        ("HDFS_URI", "http://namenode:9000"),
        ("HDFS_HTTP_URL", "namenode:9870"),
        ("METASTORE_URI", "metastore:9083"),
        ("PRESTO_URL", "presto:8080"),
        ("COINLAKE_API_TOKEN_FILE", "/nowhere/token"),
    ],
)
def test_bad_value_stops_the_start_and_is_named(load: Load, variable: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(**{variable: value})
    assert caught.value.variable == variable
    assert str(caught.value).startswith(f"{variable}={value!r}: expected ")


def test_bad_value_in_the_env_file_is_named_too(load: Load, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("COINLAKE_MARKET=moon\n")
    with pytest.raises(SettingsError, match="COINLAKE_MARKET='moon'"):
        load()


def test_secret_cannot_be_printed(load: Load, caplog: pytest.LogCaptureFixture) -> None:
    read = load(COINLAKE_API_TOKEN="hunter2", COINGECKO_API_KEY="hunter2")
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("settings: %s %r", read, read.access.api_token)
    shown = [repr(read), str(read), f"{read.access.api_token}", str(dataclasses.asdict(read)), caplog.text]
    assert [text for text in shown if "hunter2" in text] == []
    with pytest.raises(TypeError):
        json.dumps(read.access.api_token)  # nor does it slip into an HTTP answer
    assert read.access.api_token.reveal() == "hunter2"


def test_secret_tells_only_whether_it_is_there_and_equal() -> None:
    assert (bool(Secret("x")), bool(Secret(""))) == (True, False)
    assert Secret("x") == Secret("x")
    assert Secret("x") != Secret("y")
    assert Secret("x") != "x"
    assert len({Secret("x"), Secret("x")}) == 1


def test_secret_from_a_file_beats_the_variable(load: Load, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("from-file\n")
    read = load(COINLAKE_API_TOKEN="from-environment", COINLAKE_API_TOKEN_FILE=str(file))
    assert read.access.api_token.reveal() == "from-file"


def test_missing_env_file_is_empty(tmp_path: Path) -> None:
    assert read_env_file(tmp_path / ".env") == {}


def test_env_file_skips_blanks_and_comments(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# a comment\n\n  COINS = bitcoin \nTOKEN=a=b#c\nEMPTY=\n")
    assert read_env_file(file) == {"COINS": "bitcoin", "TOKEN": "a=b#c"}


def test_env_file_names_the_line_it_cannot_read(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("COINS=bitcoin\nnonsense\n")
    with pytest.raises(SettingsError, match=r"\.env:2='nonsense': expected NAME=value"):
        read_env_file(file)


NAMES = st.text(string.ascii_uppercase + "_", min_size=1, max_size=12)
# Every printable character that does not end a line; str.strip at both ends is part of the format.
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), min_size=1).filter(
    lambda text: text == text.strip()
)


@given(pairs=st.dictionaries(NAMES, VALUES))
def test_env_file_gives_back_what_was_written(tmp_path_factory: pytest.TempPathFactory, pairs: dict[str, str]) -> None:
    file = tmp_path_factory.mktemp("env") / ".env"
    file.write_text("".join(f"{name}={value}\n" for name, value in pairs.items()), encoding="utf-8")
    assert read_env_file(file) == pairs


@given(text=st.text(st.characters(codec="utf-8")))
def test_env_file_of_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.mktemp("env") / ".env"
    file.write_text(text, encoding="utf-8")
    with contextlib.suppress(SettingsError):
        pairs = read_env_file(file)
        assert all(value and value == value.strip() for value in pairs.values())
