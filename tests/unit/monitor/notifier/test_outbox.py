"""The outbox: one row for each event and channel, and which of them are to be sent."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from monitor.notifier.events import ALERT, TEST, Event, market_alert
from monitor.notifier.outbox import KEPT_S, Delivery, Outbox, Recipient
from tests.support.notices import AT, Now, alert_record, event

Make = Callable[..., Outbox]


def claimed(outbox: Outbox, channel: str = "one") -> Delivery:
    found = outbox.claim(channel)
    assert found is not None
    return found


def states(outbox: Outbox) -> dict[tuple[str, str], str]:
    return {(row["event_key"], row["channel"]): row["state"] for row in outbox.query("newest", 1, 100)}


def test_an_event_is_one_row_for_each_channel_however_often_it_comes(make_outbox: Make) -> None:
    outbox = make_outbox("one", "two")
    outbox.put([(event("a"), False)])
    outbox.sent(claimed(outbox))
    outbox.put([(event("a"), False)])
    assert states(outbox) == {("a", "one"): "sent", ("a", "two"): "pending"}


def test_channels_take_what_they_are_for(make_outbox: Make) -> None:
    outbox = make_outbox(Recipient("market", "alerts"), Recipient("duty", "alarms"), "all")
    test = Event("t", TEST, "test", "t", "t", AT, {"channel": "market"})
    outbox.put([(event("move", ALERT), False), (event("down"), False), (test, False)])
    assert states(outbox).keys() == {
        ("move", "market"), ("move", "all"), ("down", "duty"), ("down", "all"), ("t", "market"),
    }  # fmt: skip


def test_a_row_is_claimed_once_and_in_order(make_outbox: Make) -> None:
    outbox = make_outbox()
    outbox.put([(event("a", subject="x"), False), (event("b", subject="y"), False)])
    assert [claimed(outbox).event_key, claimed(outbox).event_key, outbox.claim("one")] == ["a", "b", None]


def test_messages_about_the_same_keep_their_order(make_outbox: Make, now: Now) -> None:
    outbox = make_outbox()
    outbox.put([(event("raised"), False), (event("recovered"), False), (event("other", subject="x"), False)])
    outbox.retry(claimed(outbox), "503", 10)
    assert claimed(outbox).event_key == "other"
    assert outbox.claim("one") is None
    now.time += 10
    outbox.sent(claimed(outbox))
    assert claimed(outbox).event_key == "recovered"


def test_a_retry_is_due_after_its_wait(make_outbox: Make, now: Now) -> None:
    outbox = make_outbox()
    outbox.put([(event("a"), False)])
    outbox.retry(claimed(outbox), "503", 10)
    assert outbox.due_in_s("one") == 10
    now.time += 9.9
    assert outbox.claim("one") is None
    now.time += 0.1
    again = claimed(outbox)
    assert (again.attempts, again.age_s, again.was_interrupted) == (2, 10.0, False)


def test_what_was_being_sent_at_a_crash_is_sent_again_under_its_key(make_outbox: Make) -> None:
    outbox = make_outbox()
    outbox.put([(event("a"), False), (event("b", subject="x"), False)])
    first = claimed(outbox)
    outbox = make_outbox()
    assert outbox.recover() == 1
    again = claimed(outbox)
    assert (again.event_key, again.body, again.was_interrupted) == (first.event_key, first.body, True)
    assert not claimed(outbox).was_interrupted


def test_messages_for_a_channel_that_is_gone_are_given_up_and_can_be_revived(make_outbox: Make) -> None:
    make_outbox("old").put([(event("a"), False)])
    outbox = make_outbox("new")
    outbox.recover()
    (row,) = outbox.query("delivery", "a")
    assert (row["state"], row["error"]) == ("dead", "the channel is not among the settings any more")


def test_too_old_muted_and_cooled_events_are_noted_and_not_sent(make_outbox: Make) -> None:
    outbox = make_outbox(cooldown_s=60)
    with outbox.store.transaction() as connection:
        connection.execute("INSERT INTO mutes VALUES ('service.*', ?)", (outbox.now_ms() + 1000,))
    outbox.put([
        (event("old", ALERT, "m"), True),  # was never sent, so it cools nothing
        (event("muted"), False),
        (event("first", ALERT, "m", AT), False),
        (event("second", ALERT, "m", AT + 59), False),
        (event("elsewhere", ALERT, "n", AT + 59), False),
    ])  # fmt: skip
    found = {key: state for (key, _), state in states(outbox).items()}
    assert found == {
        "old": "stale", "muted": "muted", "first": "pending", "second": "cooled", "elsewhere": "pending",
    }  # fmt: skip


def test_a_mute_ends_by_itself(make_outbox: Make, now: Now) -> None:
    outbox = make_outbox()
    with outbox.store.transaction() as connection:
        connection.execute("INSERT INTO mutes VALUES ('service.?resto', ?)", (outbox.now_ms() + 1000,))
    assert outbox.is_muted("service.presto")
    assert not outbox.is_muted("service.kafka")
    now.time += 1
    assert not outbox.is_muted("service.presto")


def test_the_next_alert_tells_how_many_were_left_out(make_outbox: Make) -> None:
    outbox = make_outbox(cooldown_s=60)
    for seconds in (0, 10, 20, 61):
        moved = market_alert(alert_record(alert_id=f"a{seconds}", triggered_at=round((AT + seconds) * 1000)))
        outbox.put([(moved.event, False)])
    (last,) = outbox.query("delivery", "alert:a61")
    body = json.loads(last["body"])
    assert body["data"]["left_out"] == 2
    assert body["text"].endswith("2 more since the last message.")


def test_a_cool_down_counts_from_what_was_sent_not_from_what_was_left_out(make_outbox: Make) -> None:
    outbox = make_outbox(cooldown_s=60)
    outbox.put([(event(f"e{s}", ALERT, "m", AT + s), False) for s in (0, 50, 100)])
    assert {key: state for (key, _), state in states(outbox).items()} == {
        "e0": "pending", "e50": "cooled", "e100": "pending",
    }  # fmt: skip


def test_what_ended_long_ago_is_deleted_and_what_has_not_ended_stays(make_outbox: Make, now: Now) -> None:
    outbox = make_outbox()
    outbox.put([(event("a", subject="x"), False), (event("b", subject="y"), False), (event("c", "alert"), True)])
    outbox.sent(claimed(outbox))
    now.time += KEPT_S + 1
    assert outbox.drop_old() == 2
    assert states(outbox) == {("b", "one"): "pending"}


def test_events_are_taken_in_all_or_none(make_outbox: Make) -> None:
    outbox = make_outbox()
    broken = Event("b", "alarm", "s", "t", "t", AT, {"not": object()})
    with pytest.raises(TypeError):
        outbox.put([(event("a"), False), (broken, False)])
    assert states(outbox) == {}
