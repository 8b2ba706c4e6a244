"""The session for benchmarks and tests: the lake's options, and nothing that leads to the lake."""

from __future__ import annotations

from pathlib import Path

from pipeline.settings import load_settings
from pipeline.spark.scratch import scratch_options
from pipeline.spark.session import session_options


def test_it_plans_as_the_lake_does(tmp_path: Path) -> None:
    settings = load_settings({"COINLAKE_HOME": str(tmp_path)})
    lakes, ours = session_options(settings), scratch_options(settings, tmp_path)
    shared = {name: ours.get(name) for name in lakes if name.startswith("spark.sql.") and ".dir" not in name}
    assert {name: value for name, value in shared.items() if value != lakes[name]} == {
        "spark.sql.catalog.iceberg.type": "hadoop",
        "spark.sql.catalog.iceberg.uri": None,
        "spark.sql.catalog.iceberg.warehouse": str(tmp_path / "iceberg"),
    }
    assert ours["spark.sql.codegen.hugeMethodLimit"] == "8000"
    assert ours["spark.driver.extraClassPath"] == lakes["spark.driver.extraClassPath"]


def test_nothing_leads_to_the_lake(tmp_path: Path) -> None:
    settings = load_settings({"COINLAKE_HOME": str(tmp_path / "home"), "SPARK_MASTER": "spark://m:7077"})
    ours = scratch_options(settings, tmp_path / "scratch")
    addresses = (settings.lake.metastore_uri, settings.lake.hdfs_uri, settings.lake.warehouse, str(settings.data_dir))
    assert [name for name, value in ours.items() if any(address in value for address in addresses)] == []
    assert not [name for name in ours if name.endswith(".port") or ".executor." in name]
