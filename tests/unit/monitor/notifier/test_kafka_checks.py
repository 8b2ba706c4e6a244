"""What Kafka's offsets tell: that it is away, a lag, silence."""

from __future__ import annotations

from monitor.notifier.alarms.kafka_checks import KafkaChecks, Offsets
from monitor.notifier.alarms.look import Look
from pipeline.errors import ServiceError
from pipeline.settings.notifications import AlarmBounds
from tests.support.clock import FakeClock

BOUNDS = AlarmBounds(10, 3, 0, lag_records=100, silence_s=600, gap_s=600, disk_bytes=1)


class Kafka:
    """Offsets that a test sets; None: it is away."""

    def __init__(self) -> None:
        self.offsets: Offsets | None = {}

    def read(self) -> Offsets:
        if self.offsets is None:
            raise ServiceError("kafka: no answer")
        return self.offsets


def kafka_checks(clock: FakeClock) -> tuple[Kafka, KafkaChecks]:
    kafka = Kafka()
    return kafka, KafkaChecks(kafka.read, BOUNDS, clock.time)


def test_a_lag_above_the_bound_that_does_not_shrink_is_a_fault() -> None:
    kafka, checks = kafka_checks(FakeClock())
    seen = []
    for end, done in ((100, 0), (101, 0), (300, 0), (300, 150), (300, 150), (300, 299)):
        kafka.offsets = {"trade_gaps": (end, done)}
        seen.append("stream.lag.trade_gaps" in checks.look(set()).faults)
    assert seen == [False, True, True, False, True, False]


def test_a_kafka_that_is_away_is_the_fault_and_nothing_else_is_known() -> None:
    kafka, checks = kafka_checks(FakeClock())
    kafka.offsets = None
    look = checks.look(set())
    assert look.faults == {"service.kafka": "kafka: no answer"}
    assert {"feed.coin_events", "feed.coinbase-raw-trades", "stream.lag.coin_events"} <= look.unknown


def test_silence_is_a_fault_after_its_time() -> None:
    clock = FakeClock()
    kafka, checks = kafka_checks(clock)
    kafka.offsets = {"coin_events": (5, 5), "coinbase-raw-trades": (7, 7)}
    assert checks.look(set()) == Look()
    clock.sleep(599)
    kafka.offsets = {"coin_events": (5, 5), "coinbase-raw-trades": (8, 8)}
    assert checks.look(set()) == Look()
    clock.sleep(1)
    assert checks.look(set()).faults == {"feed.coin_events": "no price has come for 10 minutes (coin_events)"}
    kafka.offsets = {"coin_events": (6, 6), "coinbase-raw-trades": (8, 8)}
    assert checks.look(set()) == Look()


def test_while_kafka_is_away_silence_does_not_count() -> None:
    clock = FakeClock()
    kafka, checks = kafka_checks(clock)
    kafka.offsets = {"coin_events": (5, 5), "coinbase-raw-trades": (7, 7)}
    checks.look(set())
    kafka.offsets = None
    clock.sleep(3600)
    checks.look(set())
    kafka.offsets = {"coin_events": (5, 5), "coinbase-raw-trades": (7, 7)}
    assert checks.look(set()) == Look()


def test_what_follows_from_a_stop_on_purpose_is_unknown() -> None:
    clock = FakeClock()
    kafka, checks = kafka_checks(clock)
    kafka.offsets = {"coin_events": (500, 0), "coinbase-raw-trades": (7, 7)}
    checks.look(set())
    clock.sleep(3600)
    assert checks.look({"spark", "scheduler"}).faults.keys() == {"feed.coinbase-raw-trades"}
    kafka.offsets = None
    assert checks.look({"kafka"}).faults == {}
