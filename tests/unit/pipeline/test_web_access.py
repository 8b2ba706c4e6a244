from __future__ import annotations

import pytest

from pipeline.settings.values import Secret
from pipeline.web_access import is_own_host, token_matches


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer wrong", "secret", "bearer secret", "Bearer sécret"]
)
def test_a_wrong_token(header):
    assert not token_matches(header, Secret("secret"))


def test_the_right_token():
    assert token_matches("Bearer secret", Secret("secret"))


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer "])
def test_without_a_token_of_our_own_nobody_is_let_in(header):
    assert not token_matches(header, Secret(""))


@pytest.mark.parametrize(
    "host",
    [
        None,
        "127.0.0.1",
        "127.0.0.1:18050",
        "[::1]:18050",
        "10.0.0.5:80",
        "localhost",
        "LocalHost:1",
        "lake:1",
        "lake.:1",
    ],
)
def test_our_own_names(host):
    assert is_own_host(host, {"Lake"})


@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "evil.test:18050",
        "127.0.0.1.evil.test",
        "localhost.evil.test",
        "lake.test",
        "",
        "[::1",
        "a@b:c:d",
        "a@127.0.0.1",
        "127.0.0.1/a",
    ],
)
def test_foreign_names(host):
    assert not is_own_host(host, {"lake"})
