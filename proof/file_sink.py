"""Spark's own file sink on the lake's Kafka and HDFS: what a user would write without Coinlake, for the control.

`python -m proof.file_sink FOLDER` appends the prices of `coin_events` to Parquet files below an HDFS folder until it is
killed, and resumes from its checkpoint.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from pyspark.sql import functions as F

from pipeline.events.coin_prices import COIN_EVENTS
from pipeline.settings import load_settings
from pipeline.spark.scratch import scratch_session
from pipeline.spark.session import use_lakes_environment

EVERY = "1 second"
COLUMNS = ("coin", "event_time", "source")


def main() -> None:
    """Run the sink until killed."""
    (folder,) = sys.argv[1:]
    settings = load_settings()
    use_lakes_environment(settings)
    with tempfile.TemporaryDirectory() as scratch:
        spark = scratch_session(settings, Path(scratch), "local[2]", {"spark.driver.memory": "512m"})
        records = (
            spark.readStream.format("kafka")
            .option("kafka.bootstrap.servers", settings.kafka.bootstrap)
            .option("subscribe", COIN_EVENTS.name)
            .option("startingOffsets", "earliest")
            .load()
        )
        text = F.col("value").cast("string")
        prices = records.select(*(F.get_json_object(text, f"$.{name}").alias(name) for name in COLUMNS))
        sink = prices.writeStream.format("parquet").option("checkpointLocation", f"{folder}-checkpoint")
        sink.trigger(processingTime=EVERY).start(folder).awaitTermination()


if __name__ == "__main__":
    main()
