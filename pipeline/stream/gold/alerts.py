"""gold.dm_market_alerts and the topic market_alerts: one row and one record a sudden move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Protocol

from confluent_kafka import KafkaError, Message
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from pipeline.errors import ServiceError
from pipeline.events.trades import MARKET_ALERTS, Alert
from pipeline.spark.appending import BatchAppender
from pipeline.spark.local_rows import local_rows
from pipeline.tables.gold import ALERTS

DELIVERY_TIMEOUT_S = 30.0


OnDelivery = Callable[[KafkaError | None, Message], None]
"""Called with the error, None where there is none, and the record, once Kafka has answered for it."""


class Producer(Protocol):
    """The part of confluent-kafka's producer that is used here."""

    def produce(self, topic: str, value: bytes, key: bytes, *, on_delivery: OnDelivery) -> None:
        """Queue a record."""

    def flush(self, timeout: float) -> int:
        """Wait until each record is delivered or refused; return how many are neither."""


class AlertWriter:
    """Writes a batch's alerts to the table, then to the topic.

    A batch whose alerts Kafka did not take fails. It then runs again, as after a crash in between, and sends its alerts
    once more, with the same alert_id.
    """

    def __init__(self, spark: SparkSession, appender: BatchAppender, producer: Producer) -> None:
        self._spark = spark
        self._appender = appender
        self._producer = producer

    def __call__(self, alerts: list[Alert], batch_id: int) -> None:
        """Write the alerts.

        Raises:
            ServiceError: Kafka refused one or did not take it in time; running the batch again sends them.
        """
        if self._appender.has(batch_id):
            self._send(self._newest_batch())
        elif alerts:
            self._appender.append(self._rows(alerts), batch_id)
            self._send(alerts)

    def _rows(self, alerts: list[Alert]) -> DataFrame:
        schema = ALERTS.spark_schema().replace("timestamp_ntz", "timestamp")
        values = [tuple(asdict(alert)[name] for name in ALERTS.column_names) for alert in alerts]
        rows = local_rows(self._spark, values, schema)  # of this type are times with a zone, as Python has them
        typed = rows.select(*(F.col(column.name).cast(column.type) for column in ALERTS.columns))
        return typed.coalesce(1)

    def _newest_batch(self) -> list[Alert]:
        """Read the alerts of the batch that wrote last; those of one batch were detected at one moment."""
        table = self._spark.table(ALERTS.full_name)
        newest = table.agg(F.max("detected_at").alias("detected_at"))
        return [to_alert(row) for row in table.join(newest, on="detected_at", how="left_semi").collect()]

    def _send(self, alerts: list[Alert]) -> None:
        errors: list[KafkaError] = []

        def note(error: KafkaError | None, _record: Message) -> None:
            if error is not None:
                errors.append(error)

        for alert in alerts:
            value, key = alert.to_json(), alert.product_id.encode()
            self._producer.produce(MARKET_ALERTS.name, value=value, key=key, on_delivery=note)
        left = self._producer.flush(DELIVERY_TIMEOUT_S) if alerts else 0
        if errors:
            raise ServiceError(f"Kafka refused {len(errors)} of {len(alerts)} alerts: {errors[0]}")
        if left:
            raise ServiceError(f"Kafka did not take {left} alerts within {DELIVERY_TIMEOUT_S:.0f} s")


def to_alert(row: Row) -> Alert:
    """Read a row of the table."""
    values = {name: row[name] for name in ALERTS.column_names}
    times = {name: time.replace(tzinfo=UTC) for name, time in values.items() if isinstance(time, datetime)}
    return Alert(**(values | times))
