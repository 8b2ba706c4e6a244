"""What Superset is given: templates rendered with the settings, and which of the former assets have to go."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor.superset import bundle
from monitor.superset.provision import LOCK_FILE, password_mark, stamp_of
from pipeline.errors import ServiceError
from pipeline.settings import Settings, load_settings
from pipeline.tables.gold import ALERTS, BITCOIN_GOLD
from pipeline.tables.ops import COVERAGE

SECRETS = {
    "POSTGRES_PASSWORD": "owner",
    "POSTGRES_READER_PASSWORD": 'it\'s "@/:%"',
    "SUPERSET_SECRET_KEY": "key",
    "SUPERSET_ADMIN_PASSWORD": "admin",
}


def settings(home: Path, **more: str) -> Settings:
    return load_settings({"COINLAKE_HOME": str(home), **SECRETS, **more})


@pytest.fixture
def files(tmp_path: Path) -> dict[str, dict[str, Any]]:
    """The rendered YAML, parsed."""
    return {name: yaml.safe_load(text) for name, text in bundle.render(settings(tmp_path)).files.items()}


def of_kind(files: dict[str, dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {content["uuid"]: content for name, content in files.items() if name.startswith(f"{kind}/")}


def test_databases_are_reached_as_the_reader_and_by_presto(files: dict[str, dict[str, Any]]) -> None:
    address = "postgresql+psycopg2://reader:it%27s%20%22%40%2F%3A%25%22@127.0.0.1:18054/coinlake"
    assert files["databases/serving.yaml"]["sqlalchemy_uri"] == address
    assert files["databases/lake.yaml"]["sqlalchemy_uri"] == "presto://superset@127.0.0.1:18080/iceberg/gold"


def test_everything_refers_to_what_is_there(files: dict[str, dict[str, Any]]) -> None:
    databases, datasets, charts = (of_kind(files, kind) for kind in ("databases", "datasets", "charts"))
    assert {dataset["database_uuid"] for dataset in datasets.values()} == set(databases)
    assert {chart["dataset_uuid"] for chart in charts.values()} == set(datasets)
    position = files["dashboards/bitcoin_live.yaml"]["position"]
    shown = [part for part in position.values() if isinstance(part, dict) and part["type"] == "CHART"]
    assert {part["meta"]["uuid"] for part in shown} == set(charts)
    assert {part["meta"]["sliceName"] for part in shown} == {chart["slice_name"] for chart in charts.values()}


def test_charts_use_columns_and_metrics_of_their_datasets(files: dict[str, dict[str, Any]]) -> None:
    datasets = of_kind(files, "datasets")
    for chart in of_kind(files, "charts").values():
        dataset, params = datasets[chart["dataset_uuid"]], chart["params"]
        metrics = {metric["metric_name"] for metric in dataset["metrics"]}
        columns = {column["column_name"] for column in dataset["columns"]}
        used = {*params.get("metrics", []), *params.get("metrics_b", [])} | {params.get("metric")} - {None}
        assert used <= metrics, chart["slice_name"]
        assert {*params.get("groupby", []), *params.get("all_columns", [])} <= columns, chart["slice_name"]


@pytest.mark.parametrize(("name", "table"), [("dm_market_alerts", ALERTS), ("coverage", COVERAGE)])
def test_columns_of_the_lake_are_those_of_its_tables(files: dict[str, dict[str, Any]], name: str, table: Any) -> None:
    dataset = files[f"datasets/lake/{name}.yaml"]
    own = [column for column in dataset["columns"] if "expression" not in column]
    assert {column["column_name"] for column in own} <= {column.name for column in table.columns}


def test_the_live_query_reads_columns_of_gold(files: dict[str, dict[str, Any]]) -> None:
    gold = {column.name for column in BITCOIN_GOLD.columns}
    computed = {"product", "market", "simulated", "quiet", "lost", "unknown"}
    dataset = files["datasets/serving/bitcoin_live.yaml"]
    assert {column["column_name"] for column in dataset["columns"]} <= gold | computed


def test_the_dashboard_refreshes_every_10_s_and_filters_by_product(files: dict[str, dict[str, Any]]) -> None:
    metadata = files["dashboards/bitcoin_live.yaml"]["metadata"]
    assert metadata["refresh_frequency"] == 10
    (product,) = metadata["native_filter_configuration"]
    assert product["targets"][0]["column"] == {"name": "product"}
    assert product["targets"][0]["datasetUuid"] == files["datasets/serving/bitcoin_live.yaml"]["uuid"]


def test_every_chart_but_the_prices_obeys_the_filter(files: dict[str, dict[str, Any]]) -> None:
    datasets = [content for name, content in files.items() if name.startswith("datasets/")]
    without = [d["table_name"] for d in datasets if "product" not in {c["column_name"] for c in d["columns"]}]
    assert without == ["latest_prices"]


def test_uuids_are_listed_by_kind_and_none_twice(tmp_path: Path) -> None:
    uuids = bundle.render(settings(tmp_path)).uuids
    assert {kind: len(found) for kind, found in uuids.items()} == {
        "dashboards": 1,
        "charts": 9,
        "datasets": 5,
        "databases": 2,
    }
    every = [uuid for found in uuids.values() for uuid in found]
    assert len(set(every)) == len(every)


def test_a_file_without_a_uuid_of_its_own_is_named() -> None:
    nested = bundle.Bundle({"charts/a.yaml": "meta:\n  uuid: 83c2560b-5f34-545b-8745-1ab138fe97fe\n"})
    with pytest.raises(ServiceError, match=re.escape("bundle/charts/a.yaml has no line `uuid: ...` of its own")):
        _ = nested.uuids


def test_what_left_the_bundle_is_removed_and_nothing_else() -> None:
    before = {"dashboards": ["d"], "charts": ["a", "b"], "datasets": ["s"]}
    now = {"dashboards": ["d"], "charts": ["b", "c"], "datasets": [], "databases": ["x"]}
    assert bundle.removed(before, now) == {"dashboards": [], "charts": ["a"], "datasets": ["s"], "databases": []}
    assert bundle.removed({}, now) == {"dashboards": [], "charts": [], "datasets": [], "databases": []}
    assert bundle.united(before, now)["charts"] == ["a", "b", "c"]


def test_the_stamp_changes_with_the_bundle_and_with_supersets_version(tmp_path: Path) -> None:
    one = bundle.render(settings(tmp_path))
    assert stamp_of(one, LOCK_FILE) == stamp_of(bundle.render(settings(tmp_path)), LOCK_FILE)
    other = bundle.render(settings(tmp_path, POSTGRES_READER_PASSWORD="another"))
    assert stamp_of(one, LOCK_FILE) != stamp_of(other, LOCK_FILE)
    lock = tmp_path / "another.lock"
    lock.write_text("apache-superset==6.2.0")
    assert stamp_of(one, LOCK_FILE) != stamp_of(one, lock)


def test_the_mark_of_the_password_changes_with_it_and_does_not_show_it(tmp_path: Path) -> None:
    mark = password_mark(settings(tmp_path))
    assert mark != password_mark(settings(tmp_path, SUPERSET_ADMIN_PASSWORD="other"))
    assert mark != password_mark(settings(tmp_path, SUPERSET_SECRET_KEY="other"))
    assert "admin" not in json.dumps(mark)
