"""The running scheduler answers as its OpenAPI description says, whatever it is sent."""

from __future__ import annotations

import httpx
import pytest

from pipeline.web_access import HEADERS
from tests.support.conformance import deviations
from tests.support.stack import Stack


def test_every_answer_is_as_described(stack: Stack) -> None:
    token = {"Authorization": f"Bearer {stack.settings.access.api_token.reveal()}"}
    calls, found = deviations(stack.settings.url("scheduler"), token, examples=2)
    assert "\n".join(found) == ""
    assert calls > 50


@pytest.mark.parametrize("service", ["scheduler", "simulator"])
def test_answers_carry_the_headers_and_no_version(stack: Stack, service: str) -> None:
    answer = httpx.get(f"{stack.settings.url(service)}/")
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert not any(letter.isdigit() for letter in answer.headers["Server"])


def test_the_simulator_takes_no_order_without_the_token(stack: Stack) -> None:
    url = stack.settings.url("simulator")
    for path in ("/simulator/exchange/rate", "/_simulator/faults", "/_simulator/tier"):
        assert httpx.post(f"{url}{path}", json={"rate": 0}).status_code == 401
    evil = {"Host": "evil.test"}
    assert httpx.get(f"{url}/simulator/exchange", headers=evil).status_code == 403
