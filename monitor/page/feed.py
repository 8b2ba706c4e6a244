"""Follows Kafka for the page, in one thread for all viewers, and only while there are any.

It starts a little before the topics' ends, so that the page is filled at once, and commits nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from threading import Event, Thread

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from monitor.page.board import FAULTS, Board
from monitor.page.records import read_alert, read_coin_price, read_trades
from pipeline.errors import ServiceError
from pipeline.events.coin_prices import COIN_EVENTS
from pipeline.events.trades import MARKET_ALERTS, RAW_TRADES
from pipeline.kafka.clients import SILENT, ClientConfig

log = logging.getLogger(__name__)

TAILS: Mapping[str, int] = {RAW_TRADES.name: 3000, COIN_EVENTS.name: 200, MARKET_ALERTS.name: 20}
"""How many records of each partition before its end are read first: with five products 15 minutes of trades."""

Ends = dict[tuple[str, int], int]
"""Where each topic and partition ended when the feed began."""

POLL_S = 0.1
BATCH = 500
ANSWER_S = 3.0
AGAIN_S = 2.0


class Feed:
    """Puts what Kafka brings on the board."""

    def __init__(self, kafka: ClientConfig, board: Board, watched: Event, stop: Event) -> None:
        self._kafka, self._board, self._watched, self._stop = kafka, board, watched, stop
        self._thread = Thread(target=self._run, name="feed", daemon=True)

    def start(self) -> None:
        """Begin to wait for viewers."""
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait for its end after the stop."""
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stop.is_set():
            if not self._watched.wait(AGAIN_S):
                continue
            try:
                self._follow()
            except KafkaException as error:
                log.warning("Kafka: %s", error)
                self._say_down()
                self._stop.wait(AGAIN_S)
            except ServiceError as error:
                self._board.put(FAULTS, {"kafka": str(error)})
                self._stop.wait(AGAIN_S)
            except Exception:
                log.exception("the feed is started again")
                self._stop.wait(AGAIN_S)

    def _follow(self) -> None:
        """Read until nobody watches any more.

        Raises:
            KafkaException: Kafka does not answer.
            ServiceError: a topic is not there yet.
        """
        config = {
            **self._kafka,
            "group.id": "coinlake-page",  # the client wants one; nothing is ever committed to it
            "enable.auto.commit": False,
            "auto.offset.reset": "latest",  # for a topic that was recreated, or whose tail was deleted meanwhile
            "reconnect.backoff.max.ms": 1000,
            "fetch.wait.max.ms": 250,  # until the broker answers that there is nothing
            "error_cb": self._note,
        }
        consumer = Consumer(config, logger=SILENT)
        try:
            ends: Ends = {}
            consumer.assign([place for topic in TAILS for place in _tail(consumer, topic, ends)])
            self._board.begin_feed()
            while self._watched.is_set() and not self._stop.is_set():
                for message in consumer.consume(BATCH, POLL_S):
                    self._take(message, ends)
        finally:
            consumer.close()

    def _take(self, message: Message, ends: Ends) -> None:
        if (fault := message.error()) is not None:
            if not fault.retriable():
                log.warning("%s: %s", message.topic(), fault.str())
            return
        self._board.put(FAULTS, {"kafka": None})
        end = ends[message.topic() or "", message.partition() or 0]
        show(self._board, message, is_new=(message.offset() or 0) >= end)

    def _note(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001 - its public name
            self._say_down()

    def _say_down(self) -> None:
        self._board.put(FAULTS, {"kafka": f"Kafka at {self._kafka['bootstrap.servers']} does not answer"})


def show(board: Board, message: Message, *, is_new: bool = True) -> None:
    """Put one record on the board; what cannot be read is nothing to show."""
    value, kafka_ms = message.value(), message.timestamp()[1]
    if value is None:
        return
    if message.topic() == RAW_TRADES.name:
        trades = read_trades(value, dict(message.headers() or ()), kafka_ms)
        board.add_trades(trades, kafka_ms, is_new=is_new)
        if not trades:
            board.hear((message.key() or b"").decode("utf-8", "replace"), kafka_ms)
    elif message.topic() == COIN_EVENTS.name:
        if (price := read_coin_price(value)) is not None:
            board.add_price(price)
    elif (alert := read_alert(value)) is not None:
        board.add_alerts([alert])


def _tail(consumer: Consumer, topic: str, ends: Ends) -> list[TopicPartition]:
    """Return each partition of a topic at its tail, and note its end; raise what `_follow` raises."""
    partitions = consumer.list_topics(topic, timeout=ANSWER_S).topics[topic].partitions
    if not partitions:
        raise ServiceError(f"Kafka has no topic {topic} yet")
    places = [TopicPartition(topic, number) for number in partitions]
    for place in places:
        low, high = consumer.get_watermark_offsets(place, timeout=ANSWER_S)
        place.offset = max(low, high - TAILS[topic])
        ends[topic, place.partition] = high
    return places
