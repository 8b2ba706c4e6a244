"""Loading a table as chores do it: in a thread and a session that have done nothing else before."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from pyspark.sql import SparkSession

from pipeline.spark.appending import load_table
from pipeline.spark.planning import exact_session
from pipeline.spark.table_creation import create_tables
from pipeline.tables.silver import BITCOIN_DATA


def test_a_new_session_loads_a_table_in_a_new_thread(spark: SparkSession) -> None:
    create_tables(spark, [BITCOIN_DATA])
    session = exact_session(spark)
    with ThreadPoolExecutor(1) as pool:
        table = pool.submit(load_table, session, BITCOIN_DATA).result()
    assert str(table.name()) == BITCOIN_DATA.full_name
