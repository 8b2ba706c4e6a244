"""Follow the lake's topics: one readable line an event, until Ctrl-C."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys
from collections.abc import Iterator, Sequence

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from monitor import event_lines
from pipeline.errors import CoinlakeError, ServiceError
from pipeline.events.catalog import TOPICS
from pipeline.kafka.clients import ClientConfig, client_config
from pipeline.settings import load_settings

POLL_S = 0.5
METADATA_S = 3.0
SILENT = logging.getLogger("monitor.librdkafka")  # its own lines about each lost connection; we say it once
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False


def main(arguments: Sequence[str] | None = None) -> int:
    """Print events until Ctrl-C, a closed pipe or the limit; return 1 for an unknown topic or a bad setting."""
    given = _parser().parse_args(arguments)
    try:
        follow(given.topics, limit=given.limit, from_beginning=given.from_beginning)
    except KeyboardInterrupt:
        print(file=sys.stderr)  # noqa: T201  # leaves the ^C on its own line
    except BrokenPipeError:  # `watch_kafka.sh | head`: nobody reads on, and Python must not try to flush at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except CoinlakeError as error:
        print(f"watch_kafka.sh: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def follow(topics: Sequence[str], *, limit: int | None, from_beginning: bool) -> None:
    """Print one line for each record of the topics (all of the lake's when none is named), at most `limit` lines.

    Raises:
        ServiceError: Kafka has no such topic.
    """
    settings = load_settings()
    watcher, names = Watcher(client_config(settings)), topics or [topic.name for topic in TOPICS]
    color = sys.stdout.isatty()
    with contextlib.closing(watcher):
        watcher.assign(names, from_beginning=from_beginning)
        told = f"following {', '.join(names)}; live prices come every {settings.markets.poll_s} s, Ctrl-C ends"
        print(f"watch_kafka.sh: {told}", file=sys.stderr, flush=True)  # noqa: T201
        told_of = (message for message in watcher.messages() if not event_lines.is_quiet(message.value()))
        for shown, message in enumerate(told_of, start=1):
            topic = message.topic() or "?"
            print(event_lines.line(topic, message.value(), message.timestamp()[1], color=color), flush=True)  # noqa: T201
            if shown == limit:
                return


class Watcher:
    """A consumer outside of any group that says once when Kafka goes away and once when it is back."""

    def __init__(self, kafka: ClientConfig) -> None:
        self._bootstrap = kafka["bootstrap.servers"]
        self._is_down = False
        self._has_doubts = False  # the client reported a fault, perhaps one that is over
        config = {
            **kafka,
            "group.id": "coinlake-watch",  # the client wants one; nothing is ever committed to it
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",  # a recreated topic is read from its start
            "reconnect.backoff.max.ms": 2000,
            "error_cb": self._doubt,
        }
        self._consumer = Consumer(config, logger=SILENT)

    def assign(self, topics: Sequence[str], *, from_beginning: bool) -> None:
        """Wait for Kafka and start at the end of the topics, or at their beginning.

        Raises:
            ServiceError: Kafka has no such topic.
        """
        known = self._topics()
        missing = [name for name in topics if name not in known]
        if missing:
            there = ", ".join(sorted(name for name in known if not name.startswith("__"))) or "none yet"
            raise ServiceError(f"no topic called {', '.join(missing)}; Kafka has: {there}")
        offset = OFFSET_BEGINNING if from_beginning else OFFSET_END
        self._consumer.assign([TopicPartition(name, part, offset) for name in topics for part in range(known[name])])

    def messages(self) -> Iterator[Message]:
        """Yield records for ever, over Kafka's restarts."""
        while True:
            message = self._consumer.poll(POLL_S)
            if message is not None and message.error() is None:
                yield message
            elif message is not None or self._has_doubts:
                self._has_doubts = False
                self._topics()  # returns when Kafka answers

    def close(self) -> None:
        """Leave Kafka."""
        self._consumer.close()

    def _topics(self) -> dict[str, int]:
        while True:
            try:
                found = self._consumer.list_topics(timeout=METADATA_S).topics
            except KafkaException as error:
                self._say_down(error.args[0])
            else:
                self._say_up()
                return {name: len(topic.partitions) for name, topic in found.items()}

    def _doubt(self, _error: KafkaError) -> None:
        self._has_doubts = True

    def _say_down(self, error: KafkaError) -> None:
        if not self._is_down:
            self._is_down = True
            told = f"Kafka at {self._bootstrap} does not answer ({error.name()}); waiting for it, Ctrl-C ends"
            print(f"watch_kafka.sh: {told}", file=sys.stderr, flush=True)  # noqa: T201

    def _say_up(self) -> None:
        if self._is_down:
            self._is_down = False
            print("watch_kafka.sh: Kafka is back", file=sys.stderr, flush=True)  # noqa: T201


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="watch_kafka.sh", description="Follow the lake's topics.")
    parser.add_argument("topics", nargs="*", metavar="TOPIC")
    parser.add_argument("--from-beginning", action="store_true")
    parser.add_argument("--limit", type=_count, metavar="N")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected a whole number from 1")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
