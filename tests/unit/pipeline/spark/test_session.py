"""The options of the Spark session: on one machine, and on a cluster's."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.engines import render
from pipeline.errors import SettingsError
from pipeline.settings import CHECKOUT, Settings, load_settings
from pipeline.spark.executors import is_local
from pipeline.spark.session import session_options

Make = Callable[..., Settings]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    for name in ("kafka-clients.jar", "iceberg.jar", "not-a-jar.txt"):
        file = tmp_path / "jars" / "spark" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return lambda **env: load_settings({"COINLAKE_HOME": str(tmp_path), "COINLAKE_PORT_BASE": "21000", **env})


@pytest.mark.parametrize("master", ["local", "local[4]", "local[*]", "local[2,3]"])
def test_a_local_master_runs_tasks_in_the_driver(make: Make, master: str) -> None:
    assert is_local(master)
    options = session_options(make(SPARK_MASTER=master))
    assert not [name for name in options if name.startswith(("spark.executor.", "spark.jars", "spark.locality"))]


@pytest.mark.parametrize(
    "master", ["spark://m:7077", "spark://m:7077,n:7077", "yarn", "k8s://https://m", "local-cluster[2,1,1024]"]
)
def test_any_other_master_is_a_cluster(master: str) -> None:
    assert not is_local(master)


def test_executors_get_the_jars_from_the_driver_and_their_options_with_them(make: Make, tmp_path: Path) -> None:
    options = session_options(make(SPARK_MASTER="spark://m:7077"))
    jars = tmp_path / "jars" / "spark"
    assert options["spark.jars"] == f"{jars}/iceberg.jar,{jars}/kafka-clients.jar"
    assert options["spark.driver.extraClassPath"] == f"{jars}/*"
    assert "spark.executor.extraClassPath" not in options  # what is there on this machine need not be on another
    java = options["spark.executor.extraJavaOptions"].split()
    assert {"-XX:+UseSerialGC", "-Duser.timezone=UTC", "-Djava.io.tmpdir=."} <= set(java)
    assert str(tmp_path) not in options["spark.executor.extraJavaOptions"]


def test_the_drivers_temporary_files_go_where_its_start_script_says(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", f"{tmp_path}/my lake")
    options = session_options(make())
    assert f"-Djava.io.tmpdir={tmp_path}/my lake" in shlex.split(options["spark.driver.extraJavaOptions"])


def test_two_executors_fit_on_workers_of_two_cores_and_a_gigabyte(make: Make) -> None:
    for small in ("true", "false"):
        options = session_options(make(SPARK_MASTER="spark://m:7077", COINLAKE_SMALL=small))
        assert (options["spark.executor.cores"], options["spark.cores.max"]) == ("2", "4")
        assert 450 < int(options["spark.executor.memory"].removesuffix("m")) <= 1024  # Spark refuses less


def test_a_silent_executor_is_lost_within_half_a_minute(make: Make) -> None:
    options = session_options(make(SPARK_MASTER="spark://m:7077"))
    beat, timeout, look = (
        int(options[name].removesuffix("s"))
        for name in ("spark.executor.heartbeatInterval", "spark.network.timeout", "spark.network.timeoutInterval")
    )
    assert beat * 3 < timeout  # a missed beat or two are no loss
    assert timeout + look <= 40


def test_without_jars_for_executors_a_cluster_is_refused(tmp_path: Path) -> None:
    ours = load_settings({"COINLAKE_HOME": str(tmp_path), "SPARK_MASTER": "spark://m:7077"})
    with pytest.raises(SettingsError, match=r"SPARK_MASTER='spark://m:7077': .*no jars in "):
        session_options(ours)


def test_others_reach_the_driver_under_the_advertised_name(make: Make) -> None:
    options = session_options(make(COINLAKE_LISTEN_HOST="0.0.0.0", COINLAKE_ADVERTISED_HOST="spark"))
    assert (options["spark.driver.bindAddress"], options["spark.driver.host"]) == ("0.0.0.0", "spark")
    alone = session_options(make())
    assert (alone["spark.driver.bindAddress"], alone["spark.driver.host"]) == ("127.0.0.1", "127.0.0.1")


def test_files_are_closed_as_quickly_where_hadoops_configuration_is_another_clusters(make: Make) -> None:
    ours = make()
    assert not [name for name in session_options(ours) if "locateFollowingBlock" in name]  # not rendered yet
    render.render_all(ours)
    close = "spark.hadoop.dfs.client.block.write.locateFollowingBlock"
    options = session_options(ours)
    assert options[f"{close}.initial.delay.ms"] == "2"
    assert f"{close}.retries" in options
    assert "spark.hadoop.dfs.replication" not in options  # that is the other cluster's own affair


def test_the_users_own_options_win(make: Make, tmp_path: Path) -> None:
    (tmp_path / "spark-defaults.conf").write_text(
        "# for the big cluster\n\n"
        "spark.executor.memory   4g\n"
        "spark.kubernetes.container.image=registry.example/spark:4.0.4\n"
        "spark.yarn.am.extraJavaOptions = -Da=b -Dc=d \n"
    )
    options = session_options(make(SPARK_MASTER="yarn"))
    assert options["spark.executor.memory"] == "4g"
    assert options["spark.kubernetes.container.image"] == "registry.example/spark:4.0.4"
    assert options["spark.yarn.am.extraJavaOptions"] == "-Da=b -Dc=d"


@pytest.mark.parametrize("line", ["spark.executor.memory", "executor.memory 4g", "spark.executor.memory ="])
def test_a_line_that_is_no_option_is_named(make: Make, tmp_path: Path, line: str) -> None:
    (tmp_path / "spark-defaults.conf").write_text(f"# mine\n{line}\n")
    with pytest.raises(SettingsError, match=r"spark-defaults\.conf:2=.*expected spark\.NAME VALUE"):
        session_options(make())


def test_nothing_in_the_job_needs_python_on_an_executor() -> None:
    needs_python = re.compile(r"\b(createDataFrame|parallelize|\w*udf|mapIn\w+|applyIn\w+|foreachPartition)\(|\.rdd\b")
    files = [*(CHECKOUT / "pipeline/stream").rglob("*.py"), *(CHECKOUT / "pipeline/serving").rglob("*.py")]
    found = [f"{file.name}: {call[0]}" for file in files for call in needs_python.finditer(file.read_text())]
    assert len(files) > 30
    assert found == []
