"""Faults by plan and on demand, and the record of them, without a socket: a session is stepped by hand."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import orjson
import pytest

from pipeline.errors import RequestError
from pipeline.ingest.simulator.exchange.injected import Injected
from pipeline.ingest.simulator.exchange.mischief import Mischief, Order, Plan
from pipeline.ingest.simulator.exchange.session import Feed, Session
from tests.support.exchange import Clock, new_feed

SUBSCRIBE = orjson.dumps({"type": "subscribe", "product_ids": ["BTC-USD", "ETH-USD"], "channels": ["matches"]})


class Client:
    """A session and all that it sent; half frames are counted."""

    def __init__(self, feed: Feed, clock: Clock, message: bytes = SUBSCRIBE) -> None:
        self.feed, self.clock, self.session = feed, clock, Session(feed)
        self.frames: list[dict] = []
        self.halves = 0
        self.take(self.session.command(message, feed.exchange.now_us()))

    def take(self, frames):
        for frame in frames:
            try:
                self.frames.append(orjson.loads(frame))
            except orjson.JSONDecodeError:
                self.halves += 1

    def run(self, seconds: float, step_s: float = 0.01):
        for _ in range(round(seconds / step_s)):
            self.clock.now += step_s
            self.take(self.session.step(self.feed.exchange.now_us()))
            if self.session.closing:
                break
        return self

    def ids(self, name: str = "BTC-USD"):
        kinds = {"match", "last_match"}
        return [frame["trade_id"] for frame in self.frames if frame["type"] in kinds and frame["product_id"] == name]


def holes(ids):
    """Return the runs of ids that are not there, between the first and the last."""
    return [[a + 1, b - 1] for a, b in pairwise(sorted(set(ids))) if b > a + 1]


def recorded(feed: Feed):
    return orjson.loads(orjson.dumps(feed.injected.to_json()))


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def feed(clock):
    feed = new_feed(clock)
    feed.exchange.set_rate(200)
    return feed


def test_without_mischief_every_trade_comes_once_and_in_order(feed, clock):
    ids = Client(feed, clock).run(5).ids()
    assert ids == list(range(ids[0], ids[0] + 495 + 1))
    assert recorded(feed)["missing"] == {}


def test_a_run_of_drops_is_recorded_exactly(feed, clock):
    client = Client(feed, clock).run(1)
    feed.mischief.order(Order("drop", "BTC-USD", count=7))
    feed.mischief.order(Order("drop", "BTC-USD"))
    client.run(1)
    missing = recorded(feed)["missing"]
    assert missing == {"BTC-USD": holes(client.ids())}
    assert [high - low + 1 for low, high in missing["BTC-USD"]] == [7, 1]
    assert recorded(feed)["counts"] == {"drop": 2}
    assert holes(client.ids("ETH-USD")) == []


def test_an_order_of_no_product_befalls_whichever_trades(feed, clock):
    for _ in range(10):
        feed.mischief.order(Order("drop", count=2))
    client = Client(feed, clock).run(2)
    missing = recorded(feed)["missing"]
    assert missing == {name: holes(client.ids(name)) for name in ("BTC-USD", "ETH-USD")}
    assert len(missing["BTC-USD"]) == len(missing["ETH-USD"]) == 5


def test_repeats(feed, clock):
    feed.mischief.order(Order("repeat", "BTC-USD", count=3))
    client = Client(feed, clock).run(2)
    twice = [trade_id for trade_id, count in Counter(client.ids()).items() if count == 2]
    assert recorded(feed)["repeated"] == {"BTC-USD": twice}
    assert len(twice) == 3
    assert holes(client.ids()) == []


def test_reordered_trades_come_within_a_second(feed, clock):
    feed.mischief.order(Order("reorder", "BTC-USD", count=3))
    client = Client(feed, clock).run(1)
    late = [b for a, b in pairwise(client.ids()) if b < a]
    assert recorded(feed)["reordered"]["BTC-USD"] == sorted(set(late) | set(recorded(feed)["reordered"]["BTC-USD"]))
    assert late
    assert holes(client.ids()) == []
    assert recorded(feed)["missing"] == {}


def test_a_held_trade_is_missing_if_the_client_goes_before(feed, clock):
    feed.mischief.order(Order("reorder", "BTC-USD"))
    client = Client(feed, clock).run(0.08)
    client.session.ended()
    held = recorded(feed)["reordered"]["BTC-USD"]
    assert recorded(feed)["missing"]["BTC-USD"] == [held * 2]


def test_a_half_frame_is_no_json_and_its_trade_is_missing(feed, clock):
    feed.mischief.order(Order("half", "BTC-USD"))
    client = Client(feed, clock).run(1)
    record = recorded(feed)
    assert client.halves == 1
    assert record["missing"]["BTC-USD"] == holes(client.ids()) == [[record["half_frames"]["BTC-USD"][0]] * 2]
    assert record["withheld"]["BTC-USD"][0]["kind"] == "half"


def test_silence_loses_what_is_traded_meanwhile(feed, clock):
    client = Client(feed, clock).run(1)
    before = len(client.frames)
    feed.mischief.order(Order("silence", seconds=3))
    client.run(2.9)
    assert len(client.frames) == before
    client.run(1)
    missing = recorded(feed)["missing"]
    assert missing == {name: holes(client.ids(name)) for name in ("BTC-USD", "ETH-USD")}
    assert sum(high - low + 1 for low, high in missing["BTC-USD"]) == pytest.approx(300, abs=3)


def test_a_disconnection_loses_what_is_traded_until_the_next_subscription(feed, clock):
    client = Client(feed, clock).run(1)
    feed.mischief.order(Order("disconnect", seconds=2))
    client.run(1)
    assert client.session.closing
    assert feed.mischief.closed_until_us == pytest.approx((clock.now + 2) * 1e6, abs=20_000)
    clock.now += 4
    again = Client(feed, clock).run(1)
    ids = client.ids() + again.ids()
    missing = recorded(feed)["missing"]["BTC-USD"]
    assert missing == holes(ids)
    assert missing[0] == [max(client.ids()) + 1, again.ids()[0] - 1]
    assert again.frames[1]["type"] == "last_match"


def test_a_dropped_trade_that_comes_as_last_match_is_not_missing(feed, clock):
    client = Client(feed, clock).run(1)
    feed.mischief.order(Order("drop", "BTC-USD", count=1000))
    client.run(1)
    again = Client(feed, clock)
    missing = recorded(feed)["missing"]["BTC-USD"]
    assert missing == holes(client.ids() + again.ids())
    assert missing[0][1] == again.ids()[0] - 1


def test_a_slow_client_gets_everything_later(feed, clock):
    client = Client(feed, clock).run(1)
    clock.now += 60
    while client.session.pause_s(feed.exchange.now_us()) == 0:
        frames = client.session.step(feed.exchange.now_us())
        assert len(frames) <= 21, "a tenth of a second's trades at a time, however far behind"
        client.take(frames)
    client.run(0.01)
    assert holes(client.ids()) == []
    assert client.ids()[-1] >= feed.exchange.state()["products"]["BTC-USD"]["last_id"] - 1


def test_any_frame_can_be_said(feed, clock):
    client = Client(feed, clock).run(1)
    feed.mischief.order(Order("say", text='{"type":"gossip"}'))
    client.run(1)
    assert client.frames.count({"type": "gossip"}) == 1
    assert holes(client.ids()) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_plan_of_everything_is_recorded_exactly(seed, clock):
    plan = Plan(drop=0.01, half=0.003, repeat=0.01, reorder=0.01, silence=0.0003, disconnect=0.0005)
    feed = new_feed(clock, plan=plan, seed=seed)
    feed.exchange.set_rate(1000)
    client = Client(feed, clock)
    seen: dict[str, list[int]] = {"BTC-USD": [], "ETH-USD": []}
    until = clock.now + 30
    while clock.now < until:
        client.run(1, step_s=0.02)
        if client.session.closing:
            seen = {name: ids + client.ids(name) for name, ids in seen.items()}
            clock.now += 0.7
            client = Client(feed, clock)
    feed.mischief.clear()
    client.run(5)
    record = recorded(feed)
    assert record["missing"] == {name: holes(ids + client.ids(name)) for name, ids in seen.items()}
    assert record["counts"].keys() == {"drop", "half", "repeat", "reorder", "silence", "disconnect"}
    assert record["counts"]["drop"] > 50
    assert {(link["kind"], link["seconds"]) for link in record["links"]} == {("silence", 3), ("disconnect", 0.5)}


def test_the_same_plan_and_seed_give_the_same_faults():
    def missing(seed: int):
        clock = Clock()
        feed = new_feed(clock, plan=Plan(drop=0.02), seed=seed)
        feed.exchange.set_rate(500)
        Client(feed, clock).run(5)
        return recorded(feed)["missing"]

    assert missing(1) == missing(1) != missing(2)


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "sneeze"},
        {"kind": "drop", "count": 0},
        {"kind": "silence", "seconds": -1},
        {"kind": "drop", "cut": 1},
        {"kind": "say"},
    ],
)
def test_an_impossible_order_is_refused(values):
    with pytest.raises(RequestError):
        Order(**values)


@pytest.mark.parametrize(
    "values", [{"drop": 0.6, "half": 0.6}, {"drop": "x"}, {"drop": -0.1}, {"sneeze": 0.1}, [], None]
)
def test_an_impossible_plan_is_refused(values):
    with pytest.raises(RequestError):
        Plan.of(values)


def test_orders_wait_for_their_product(feed, clock):
    feed.mischief.order(Order("drop", "ETH-USD"))
    assert not feed.mischief.idle
    Client(feed, clock).run(1)
    assert feed.mischief.idle
    assert feed.mischief.waiting() == 0
    assert Mischief(1).idle


def test_withheld_runs_that_overlap_are_counted_once(feed):
    injected, product = Injected(), feed.exchange.products["BTC-USD"]
    injected.opened(product, 0, 0)
    injected.withheld("BTC-USD", 5, 6, "drop")
    injected.withheld("BTC-USD", 9, 9, "half")
    injected.withheld("BTC-USD", 3, 12, "disconnect")
    first_id = product.id_of(0)
    record = injected.to_json()
    assert record["missing"] == {"BTC-USD": [(first_id + 3, first_id + 12)]}
    assert [(run["from"] - first_id, run["to"] - first_id, run["kind"]) for run in record["withheld"]["BTC-USD"]] == [
        (3, 4, "disconnect"),
        (5, 6, "drop"),
        (7, 8, "disconnect"),
        (9, 9, "half"),
        (10, 12, "disconnect"),
    ]
