"""The engines' jars: the lock, the download into the cache, and the lay-out in the home; without a network."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.cluster.jars import artifacts, cache, download, fetch, install, progress, resolve
from pipeline.cluster.jars.artifacts import Artifact
from pipeline.errors import JarError


def of(content: bytes, name: str, jar_set: str = "kafka", version: str = "1.0", **more: str) -> Artifact:
    return Artifact(jar_set, "org.example", name, version, sha256=hashlib.sha256(content).hexdigest(), **more)


def plugin_zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        bundle.mkdir("presto-hive-9")
        for name, content in files.items():
            bundle.writestr(f"presto-hive-9/{name}", content)
    return buffer.getvalue()


class FakeDownloader:
    """Serves contents by file name; whatever it is not given stays missing."""

    def __init__(self, contents: dict[str, bytes]) -> None:
        self.contents = contents
        self.asked: list[list[str]] = []

    def __call__(self, wanted: Sequence[Artifact], into: Path, scratch: Path, on_line: Callable[[str], None]) -> None:
        self.asked.append([one.filename for one in wanted])
        for one in wanted:
            if one.filename in self.contents:
                (into / one.path).parent.mkdir(parents=True, exist_ok=True)
                (into / one.path).write_bytes(self.contents[one.filename])
                on_line(f"downloaded .../{one.filename}")


def ignore(_line: str) -> None:
    """Watch nothing."""


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


# --- the cache ---


def test_missing_jars_come_into_the_cache_once(tmp_path: Path) -> None:
    wanted = [of(b"1", "a"), of(b"2", "b"), of(b"1", "a", jar_set="hadoop")]
    downloader = FakeDownloader({"a-1.0.jar": b"1", "b-1.0.jar": b"2"})
    cache.fill(wanted, tmp_path, downloader, ignore)
    cache.fill(wanted, tmp_path, downloader, ignore)
    assert downloader.asked == [["a-1.0.jar", "b-1.0.jar"]]
    assert (tmp_path / wanted[1].path).read_bytes() == b"2"
    assert [place.name for place in tmp_path.iterdir()] == ["org"]


def test_a_wrong_file_is_deleted_and_reported_and_the_right_ones_are_kept(tmp_path: Path) -> None:
    right, wrong, absent = of(b"1", "right"), of(b"2", "wrong"), of(b"3", "absent")
    downloader = FakeDownloader({"right-1.0.jar": b"1", "wrong-1.0.jar": b"an error page"})
    with pytest.raises(JarError) as caught:
        cache.fill([right, wrong, absent], tmp_path, downloader, ignore)
    assert f"org.example:wrong:1.0: sha256 is {hashlib.sha256(b'an error page').hexdigest()}" in str(caught.value)
    assert "org.example:absent:1.0: was not downloaded" in str(caught.value)
    assert (tmp_path / right.path).exists()
    assert not (tmp_path / wrong.path).exists()
    assert [place.name for place in tmp_path.iterdir()] == ["org"]


def test_an_interrupted_download_leaves_nothing_under_a_final_name(tmp_path: Path) -> None:
    def cut_in_the_middle(
        wanted: Sequence[Artifact], into: Path, scratch: Path, on_line: Callable[[str], None]
    ) -> None:
        (into / wanted[0].path).parent.mkdir(parents=True)
        (into / wanted[0].path).write_bytes(b"ha")
        raise KeyboardInterrupt

    wanted = [of(b"half", "a")]
    with pytest.raises(KeyboardInterrupt):
        cache.fill(wanted, tmp_path, cut_in_the_middle, ignore)
    assert not (tmp_path / wanted[0].path).exists()
    cache.fill(wanted, tmp_path, FakeDownloader({"a-1.0.jar": b"half"}), ignore)
    assert (tmp_path / wanted[0].path).read_bytes() == b"half"


def test_a_cached_file_that_went_bad_is_downloaded_again(tmp_path: Path) -> None:
    wanted = [of(b"good", "a"), of(b"fine", "b")]
    downloader = FakeDownloader({"a-1.0.jar": b"good", "b-1.0.jar": b"fine"})
    cache.fill(wanted, tmp_path, downloader, ignore)
    (tmp_path / wanted[0].path).write_bytes(b"bad")
    cache.fill(wanted, tmp_path, downloader, ignore)
    assert downloader.asked[1] == ["a-1.0.jar"]
    assert (tmp_path / wanted[0].path).read_bytes() == b"good"


def test_the_cache_obeys_xdg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.cache_dir() == tmp_path / "coinlake" / "jars"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert cache.cache_dir() == tmp_path / "me" / ".cache" / "coinlake" / "jars"


# --- the lay-out in the home ---


@pytest.fixture
def filled(tmp_path: Path) -> tuple[list[Artifact], Path]:
    """One file of each kind, in a cache."""
    bundle = plugin_zip({"asm-9.0.jar": b"old", "asm-tree-9.0.jar": b"old tree", "hive.jar": b"hive"})
    asm = Artifact("presto", "org.ow2.asm", "asm", "9.7.1", sha256=hashlib.sha256(b"new").hexdigest())
    contents = {
        of(b"k", "kafka"): b"k",
        asm: b"new",
        of(bundle, "presto-hive", jar_set="presto-plugin", ext="zip"): bundle,
        of(b"#!", "presto-cli", jar_set="presto-cli", classifier="executable"): b"#!",
    }
    downloader = FakeDownloader({one.filename: content for one, content in contents.items()})
    cache.fill(contents, tmp_path / "cache", downloader, ignore)
    return list(contents), tmp_path / "cache"


def laid_out(jars: Path) -> dict[str, bytes]:
    return {str(file.relative_to(jars)): file.read_bytes() for file in jars.rglob("*") if file.is_file()}


def test_each_set_has_its_folder_and_plugins_get_the_new_asm(
    filled: tuple[list[Artifact], Path], tmp_path: Path
) -> None:
    jars = tmp_path / "home" / "jars"
    install.install(*filled, jars)
    assert laid_out(jars) == {
        "kafka/kafka-1.0.jar": b"k",
        "presto/lib/asm-9.7.1.jar": b"new",
        "presto/plugin/hive/asm-9.7.1.jar": b"new",
        "presto/plugin/hive/asm-tree-9.0.jar": b"old tree",  # the lock names no newer one
        "presto/plugin/hive/hive.jar": b"hive",
        "presto-cli.jar": b"#!",
    }
    assert (jars / "kafka/kafka-1.0.jar").stat().st_nlink == 2  # the cache's file itself, no copy


def test_what_is_no_longer_locked_goes(filled: tuple[list[Artifact], Path], tmp_path: Path) -> None:
    locked, cached = filled
    jars = tmp_path / "home" / "jars"
    install.install(locked, cached, jars)
    install.install(locked[:1], cached, jars)
    assert set(laid_out(jars)) == {"kafka/kafka-1.0.jar"}


def test_a_failure_leaves_the_old_tree(filled: tuple[list[Artifact], Path], tmp_path: Path) -> None:
    locked, cached = filled
    jars = tmp_path / "home" / "jars"
    install.install(locked, cached, jars)
    before = laid_out(jars)
    with pytest.raises(FileNotFoundError):
        install.install([of(b"never cached", "other")], cached, jars)
    assert laid_out(jars) == before


def test_a_home_on_another_file_system_gets_copies(
    filled: tuple[list[Artifact], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_source: Path, _target: Path) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", refuse)
    install.install(*filled, tmp_path / "home" / "jars")
    assert (tmp_path / "home/jars/kafka/kafka-1.0.jar").stat().st_nlink == 1


def test_a_second_fetch_does_nothing_until_the_lock_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    downloader = FakeDownloader({"a-1.0.jar": b"1", "b-1.0.jar": b"2"})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(download, "pick", lambda: ("a fake", downloader))
    lock, jars = tmp_path / "jars.lock", tmp_path / "home" / "jars"
    artifacts.write_lock([of(b"1", "a")], lock)
    assert [fetch.fetch(jars, lock), fetch.fetch(jars, lock)] == [True, False]
    artifacts.write_lock([of(b"1", "a"), of(b"2", "b")], lock)
    assert fetch.fetch(jars, lock)
    assert downloader.asked == [["a-1.0.jar"], ["b-1.0.jar"]]


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
