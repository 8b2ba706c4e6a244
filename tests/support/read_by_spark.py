"""Read a topic as the lake's streams do, in a process of its own.

`python -m tests.support.read_by_spark TOPIC FOLDER SETTINGS...` prints a JSON list with one answer for each SETTINGS,
which is a JSON object that is laid over the environment: the topic's records, or what went wrong. `FOLDER` is for
checkpoints. On stderr is all that Spark's Kafka clients and queries log at the level INFO.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame, Row, SparkSession

from pipeline.events.catalog import TOPICS
from pipeline.settings import Settings, load_settings
from pipeline.spark.kafka_source import KafkaSource, Pace, read_records
from pipeline.spark.scratch import scratch_session

LOGGING = """
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %p %c{1} %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
logger.clients.name = org.apache.kafka
logger.clients.level = info
logger.queries.name = org.apache.spark.sql
logger.queries.level = info
"""


def main(name: str, folder: Path, changes: list[dict[str, str]]) -> None:
    """Print what each of the settings lets Spark read."""
    (topic,) = (topic for topic in TOPICS if topic.name == name)
    every = [load_settings(os.environ | change) for change in changes]
    spark = start(every[0], folder)
    reads = [read_records(KafkaSource(spark, settings, {}), [topic], Pace(1000), headers=True) for settings in every]
    with ThreadPoolExecutor() as pool:  # side by side: most of the time they wait
        answers = list(pool.map(answer, reads, [folder / str(number) for number in range(len(reads))]))
    spark.stop()
    print(json.dumps(answers))


def start(settings: Settings, folder: Path) -> SparkSession:
    """Return a small session that logs much."""
    logging_file = folder / "log4j2.properties"
    logging_file.write_text(LOGGING, encoding="utf-8")
    java = f"-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dlog4j2.configurationFile=file:{logging_file}"
    changes = {"spark.driver.memory": "512m", "spark.driver.extraJavaOptions": java}
    return scratch_session(settings, folder, "local[1]", changes)


def answer(records: DataFrame, checkpoint: Path) -> dict[str, Any]:
    """Return what the stream reads until it has caught up, or why it failed."""
    rows: list[Row] = []
    writer = records.writeStream.foreachBatch(lambda batch, _number: rows.extend(batch.collect()))
    query = writer.option("checkpointLocation", str(checkpoint)).trigger(availableNow=True).start()
    try:
        query.awaitTermination()
    except StreamingQueryException as error:
        return {"error": str(error)}
    return {"records": [described(row) for row in rows]}


def described(row: Row) -> list[Any]:
    """Return a record's key, payload and headers, their bytes in base64."""
    headers = [[header.key, encoded(header.value)] for header in row.headers or ()]
    return [encoded(row.key), encoded(row.payload), headers]


def encoded(value: bytes | None) -> str | None:
    """Return bytes in base64."""
    return None if value is None else base64.b64encode(value).decode()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), [json.loads(text) for text in sys.argv[3:]])
