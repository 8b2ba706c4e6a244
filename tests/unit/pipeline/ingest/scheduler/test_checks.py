from __future__ import annotations

from datetime import date

import pytest

from pipeline.errors import RequestError
from pipeline.ingest.scheduler.checks import file_name, history_order, known_coin
from pipeline.ingest.scheduler.jobs import Order

COINS = ("bitcoin", "ethereum")
TODAY = date(2026, 1, 15)


def test_a_whole_order():
    body = {"coin": "bitcoin", "from": "2013-01-01", "to": "2013-12-31"}
    assert history_order(body, COINS, TODAY) == Order("bitcoin", date(2013, 1, 1), date(2013, 12, 31))


@pytest.mark.parametrize(
    "body", [{"coin": "bitcoin", "from": "2026-01-15"}, {"coin": "bitcoin", "from": "2026-01-15", "to": None}]
)
def test_until_now(body):
    assert history_order(body, COINS, TODAY) == Order("bitcoin", TODAY, None)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, "must be a JSON object"),
        ([], "must be a JSON object"),
        ("bitcoin", "must be a JSON object"),
        ({}, "'coin' is missing"),
        ({"coin": None, "from": "2013-01-01"}, "'coin' is missing"),
        ({"coin": ["bitcoin"], "from": "2013-01-01"}, "'coin' is missing"),
        ({"coin": "dogecoin", "from": "2013-01-01"}, r"'dogecoin' is not in the setting COINS \(bitcoin, ethereum\)"),
        ({"coin": "bitcoin"}, "'from' must be a day"),
        ({"coin": "bitcoin", "from": 20130101}, "'from' must be a day"),
        ({"coin": "bitcoin", "from": "20130101"}, "'from' must be a day"),
        ({"coin": "bitcoin", "from": "2013-1-1"}, "'from' must be a day"),
        ({"coin": "bitcoin", "from": "2013-01-01T00:00"}, "'from' must be a day"),
        ({"coin": "bitcoin", "from": "2013-02-30"}, "there is no day 2013-02-30"),
        ({"coin": "bitcoin", "from": "2013-01-01", "to": "soon"}, "'to' must be a day"),
        ({"coin": "bitcoin", "from": "2008-12-31"}, "nothing had a price before 2009-01-03"),
        ({"coin": "bitcoin", "from": "2026-01-16"}, "'from': 2026-01-16 is in the future"),
        ({"coin": "bitcoin", "from": "2026-01-01", "to": "2026-01-16"}, "'to': 2026-01-16 is in the future"),
        ({"coin": "bitcoin", "from": "2014-01-02", "to": "2014-01-01"}, "the range is reversed"),
        ({"coin": "bitcoin", "from": "2014-01-02", "until": "2014-01-01"}, "unknown field 'until'"),
    ],
)
def test_what_cannot_be_ordered(body, message):
    with pytest.raises(RequestError, match=message) as caught:
        history_order(body, COINS, TODAY)
    assert caught.value.status == 400


def test_a_coin_must_be_named():
    assert known_coin("ethereum", COINS) == "ethereum"
    with pytest.raises(RequestError):
        known_coin(None, COINS)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("btc.csv", "btc.csv"),
        ("/home/me/btc.csv", "btc.csv"),
        ("..\\..\\btc.csv", "btc.csv"),
        ("b\x1b[31mtc\n.csv", "b[31mtc.csv"),
        ("", "upload.csv"),
        (None, "upload.csv"),
        ("..", ".."),
    ],
)
def test_a_files_name_is_only_for_show(given, shown):
    assert file_name(given) == shown
