"""`init_coin_data.sh`: a coin's history since 2013 through the scheduler; a second run adds nothing."""

from __future__ import annotations

from datetime import date

import requests

from tests.support.stack import Stack
from tests.support.waiting import wait_until

INIT = "pipeline/init/init_coin_data.sh"
SILVER = "iceberg.silver.coin_prices"
# Days that are over for good: the newest are still growing, and polled prices come in between.
UNTIL = "2026-07-01"
PAST = f"coin = 'bitcoin' AND source = 'simulator' AND event_time < TIMESTAMP '{UNTIL} 00:00:00'"
DAYS = (date.fromisoformat(UNTIL) - date(2013, 1, 1)).days


def test_history_since_2013_lands_and_a_second_run_adds_nothing(stack: Stack) -> None:
    stack.script(INIT, "bitcoin")
    stack.wait_for_count(DAYS, SILVER, PAST)
    stack.wait_for_count(DAYS, "hive.crypto.coin_data", PAST)
    assert stack.presto(
        f"SELECT CAST(min(event_time) AS varchar), count(DISTINCT CAST(event_time AS date)) FROM {SILVER} WHERE {PAST}"
    ) == [("2013-01-01 00:00:00.000", DAYS)]
    stack.script(INIT, "bitcoin")
    assert stack.count(SILVER, PAST) == DAYS


def test_writing_call_without_the_token_is_refused(stack: Stack) -> None:
    answer = requests.post(f"{stack.settings.url('scheduler')}/poll", timeout=10)
    assert answer.status_code == 401
    assert "error" in answer.json()


def test_scheduler_tells_health_and_metrics(stack: Stack) -> None:
    url = stack.settings.url("scheduler")
    health = requests.get(f"{url}/health", timeout=10).json()
    assert (health["status"], health["market"]) == ("ok", "simulator")
    metrics = requests.get(f"{url}/metrics", timeout=10).text
    assert "# TYPE" in metrics


def test_poll_now_is_read_back_through_presto(stack: Stack) -> None:
    url, token = stack.settings.url("scheduler"), stack.settings.access.api_token.reveal()

    def poll() -> list[dict[str, object]]:
        answer = requests.post(f"{url}/poll", headers={"Authorization": f"Bearer {token}"}, timeout=30)
        return list(answer.json()["events"]) if answer.status_code == 200 else []  # 409: a tick is under way

    events = wait_until(poll, 30, "a poll of our own")
    for event in events:
        where = f"coin = '{event['coin']}' AND to_unixtime(event_time) * 1000 = {event['event_time']}"
        stack.wait_for_count(1, "iceberg.silver.coin_prices", f"source = '{event['source']}' AND {where}")
