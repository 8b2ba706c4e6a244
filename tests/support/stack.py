"""The running lake under test: its verbs, its tables through Presto, its topics, its processes."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import prestodb
from confluent_kafka import Producer

from pipeline.engines.supervisor import client
from pipeline.settings import Settings
from tests.support.waiting import wait_until

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Stack:
    """What a test may ask of the lake.

    Presto is asked through its own client, not through the lake's module: that one is under test.
    """

    settings: Settings
    env: Mapping[str, str]
    root: Path

    def presto(self, sql: str, params: Sequence[object] = ()) -> list[Row]:
        """Return a statement's rows; decimals and times come as the text that Presto sends."""
        address = urlsplit(self.settings.lake.presto_url)
        connection = prestodb.dbapi.connect(
            host=address.hostname,
            port=address.port,
            user="coinlake",
            catalog="iceberg",
            schema="silver",
            http_headers={"X-Presto-Time-Zone": "UTC"},
            request_timeout=60,
        )
        rows: list[list[Any]] = connection.cursor().execute(sql, list(params)).fetchall()
        return [tuple(row) for row in rows]

    def count(self, table: str, where: str = "true") -> int:
        """Return how many rows of a table, named as in Presto, meet a condition."""
        return int(self.presto(f"SELECT count(*) FROM {table} WHERE {where}")[0][0])

    @cached_property
    def producer(self) -> Producer:
        """A producer of the tests' own; what it was given is in Kafka once `flush` has returned 0."""
        return Producer(
            {"bootstrap.servers": self.settings.kafka.bootstrap, "acks": "all", "message.max.bytes": 20_000_000}
        )

    def produce(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        """Put one record into a topic and wait until the broker has it."""
        self.produce_all(topic, [(key, value)])

    def produce_all(self, topic: str, records: Iterable[tuple[bytes | None, bytes | None]]) -> None:
        """Put records into a topic and wait until the broker has them all."""
        failures: list[str] = []

        def delivered(error: Any, _message: Any) -> None:
            if error is not None:
                failures.append(str(error))

        for key, value in records:
            self.producer.produce(topic, value=value, key=key, on_delivery=delivered)
        left = self.producer.flush(60)
        assert not failures, failures[0]
        assert left == 0

    def script(self, path: str, *arguments: str, seconds: float = 120, check: bool = True) -> str:
        """Run one of the lake's commands and return what it printed; fail with all of it on a bad exit code."""
        done = self.run(path, *arguments, seconds=seconds)
        if check and done.returncode != 0:
            raise AssertionError(f"{path} {arguments}: exit code {done.returncode}\n{done.stdout}")
        return done.stdout

    def printed(self, path: str, *arguments: str, seconds: float = 120) -> str:
        """Run one of the lake's commands and return its stdout alone; fail on a bad exit code."""
        return subprocess.run(
            [str(self.root / path), *arguments],
            env=dict(self.env),
            timeout=seconds,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def run(self, path: str, *arguments: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """Run one of the lake's commands, whatever its exit code; stderr is mixed into stdout."""
        return subprocess.run(
            [str(self.root / path), *arguments],
            cwd=self.root,
            env=dict(self.env),
            timeout=seconds,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @contextmanager
    def running(self, path: str, *arguments: str) -> Iterator[None]:
        """Have one of the lake's commands at work during the block; whether it succeeds does not matter."""
        command = [str(self.root / path), *arguments]
        with subprocess.Popen(
            command, cwd=self.root, env=dict(self.env), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        ) as process:
            try:
                yield
            finally:
                process.send_signal(signal.SIGINT)

    def status(self) -> dict[str, Any]:
        """Return what `pipeline_status.sh --json` says."""
        done = subprocess.run(
            [str(self.root / "pipeline/scripts/pipeline_status.sh"), "--json"],
            env=dict(self.env),
            timeout=60,
            check=False,
            capture_output=True,
            text=True,
        )
        status: dict[str, Any] = json.loads(done.stdout)
        return status

    def service_pid(self, name: str) -> int | None:
        """Return the process id of a running service, or None; the supervisor is asked, which takes no time."""
        return client(self.settings).states()[name].pid

    def log(self, service: str, lines: int = 8) -> str:
        """Return the end of a service's log, each line cut to a readable length."""
        path = self.settings.log_dir / f"{service}.log"
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else "no log"
        return "\n".join(line[:240] for line in text.splitlines()[-lines:])

    def wait_for_count(self, expected: int, table: str, where: str, seconds: float = 60) -> None:
        """Wait until a table has at least the expected rows, then check that it has exactly those."""
        wait_until(lambda: self.count(table, where) >= expected, seconds, f"{expected} rows of {table} where {where}")
        assert self.count(table, where) == expected
