"""The lock of the engines' jars, and what the download tools get from it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.engines.jars import artifacts, download, progress, resolve
from pipeline.engines.jars.artifacts import Artifact
from pipeline.errors import JarError
from tests.support.jars import ignore, of

# --- the lock ---


def test_the_lock_is_read_as_it_was_written(tmp_path: Path) -> None:
    lock = tmp_path / "jars.lock"
    written = [
        of(b"1", "plain"),
        of(b"2", "tests", classifier="tests"),
        of(b"3", "bundle", ext="zip"),
        of(b"4", "both", classifier="linux-x86_64", ext="zip"),
    ]
    artifacts.write_lock(written, lock)
    assert set(artifacts.read_lock(lock)) == set(written)
    assert f"kafka org.example:both:1.0:linux-x86_64@zip {written[3].sha256}\n" in lock.read_text()


@pytest.mark.parametrize("line", ["kafka org.example:a:1.0", "org.example:a:1.0 " + "0" * 64, "kafka a:b:1.0 0123"])
def test_a_line_that_is_none_is_named(tmp_path: Path, line: str) -> None:
    lock = tmp_path / "jars.lock"
    lock.write_text(f"# a comment\n\n{line}\n")
    with pytest.raises(JarError, match=r"jars\.lock:3: not a line of the lock: "):
        artifacts.read_lock(lock)


def test_paths_are_those_of_a_maven_repository() -> None:
    one = Artifact("hadoop", "org.apache.hadoop", "hadoop-hdfs", "3.4.2", classifier="tests")
    assert one.path == "org/apache/hadoop/hadoop-hdfs/3.4.2/hadoop-hdfs-3.4.2-tests.jar"


def test_our_lock_holds_every_set_of_the_pom_with_what_the_engines_need() -> None:
    locked = artifacts.read_lock()
    assert {one.jar_set for one in locked} == set(resolve.jar_sets())
    coordinates = {(one.jar_set, one.coordinates) for one in locked}
    assert {
        ("kafka", "org.apache.kafka:kafka_2.13:4.1.1"),
        ("hadoop", "org.apache.hadoop:hadoop-hdfs:3.4.2:tests"),
        ("spark", "org.apache.iceberg:iceberg-spark-runtime-4.0_2.13:1.11.0"),
        ("presto", "org.ow2.asm:asm:9.7.1"),
        ("presto-plugin", "com.facebook.presto:presto-iceberg:0.287@zip"),
        ("presto-cli", "com.facebook.presto:presto-cli:0.287:executable"),
    } <= coordinates
    assert len(coordinates) == len(locked)


def test_no_two_jars_of_a_set_have_one_name() -> None:
    names = [(one.jar_set, one.filename) for one in artifacts.read_lock()]
    assert len(set(names)) == len(names)


def test_mavens_listing_is_read_with_classifiers_and_modules() -> None:
    listing = """
The following files have been resolved:
   org.apache.kafka:kafka-clients:jar:4.1.1:compile:/m2/kafka-clients-4.1.1.jar -- module kafka.clients (auto)
   io.netty:netty-epoll:jar:linux-x86_64:4.1.118.Final:runtime:/m2/netty-epoll-linux-x86_64.jar
   com.facebook.presto:presto-tpch:zip:0.287:compile:/m2/presto-tpch-0.287.zip

"""
    assert resolve.parse_listing(listing, "kafka") == [
        (Artifact("kafka", "org.apache.kafka", "kafka-clients", "4.1.1"), Path("/m2/kafka-clients-4.1.1.jar")),
        (
            Artifact("kafka", "io.netty", "netty-epoll", "4.1.118.Final", classifier="linux-x86_64"),
            Path("/m2/netty-epoll-linux-x86_64.jar"),
        ),
        (
            Artifact("kafka", "com.facebook.presto", "presto-tpch", "0.287", ext="zip"),
            Path("/m2/presto-tpch-0.287.zip"),
        ),
    ]


# --- what the tools are told ---


def test_maven_is_told_each_file_and_its_place(tmp_path: Path) -> None:
    pom = download.maven_pom([of(b"", "a", classifier="tests"), of(b"", "b", ext="zip")], tmp_path)
    items = [{part.tag: part.text for part in item} for item in pom.iter("artifactItem")]
    assert items == [
        {
            "groupId": "org.example",
            "artifactId": "a",
            "version": "1.0",
            "type": "jar",
            "classifier": "tests",
            "outputDirectory": f"{tmp_path}/org/example/a/1.0",
        },
        {
            "groupId": "org.example",
            "artifactId": "b",
            "version": "1.0",
            "type": "zip",
            "classifier": "",
            "outputDirectory": f"{tmp_path}/org/example/b/1.0",
        },
    ]


def test_ivy_is_told_each_file_and_to_follow_none() -> None:
    module = download.ivy_module([of(b"", "a"), of(b"", "a", classifier="tests"), of(b"", "a", version="2.0")])
    dependencies = list(module.iter("dependency"))
    assert [(one.get("name"), one.get("rev"), one.get("transitive")) for one in dependencies] == [
        ("a", "1.0", "false"),
        ("a", "2.0", "false"),
    ]
    assert [file.get("m:classifier") for file in dependencies[0]] == [None, "tests"]


def test_maven_is_used_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    assert download.pick() == ("Maven", download.with_maven)
    monkeypatch.setattr("shutil.which", lambda _name: None)
    assert download.pick() == ("Ivy", download.with_ivy)


def test_a_tools_failure_shows_the_end_of_its_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = tmp_path / "mvn"
    failing.write_text("#!/bin/sh\necho 'Could not resolve host'\nexit 1\n")
    failing.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(JarError, match="mvn could not download the jars; its last lines:\nCould not resolve host"):
        download.with_maven([of(b"", "a")], tmp_path / "into", tmp_path / "scratch", ignore)


def test_progress_is_plain_lines_where_there_is_no_terminal() -> None:
    written = io.StringIO()
    names = [f"jar-{number}.jar" for number in range(60)]
    with progress.watch("jars by Maven", names, Console(file=written)) as on_line:
        for name in (*names, *names, "unknown.jar"):
            on_line(f"[INFO] Downloaded from mirror: https://mirror.example/{name} (3 kB)")
    assert written.getvalue() == "jars by Maven: 50 of 60\njars by Maven: 60 of 60\n"
