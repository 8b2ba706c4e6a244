"""The engines' jars on their way through the cache into the home; without a network."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pipeline.engines.jars import artifacts, cache, download, fetch, install
from pipeline.engines.jars.artifacts import Artifact
from pipeline.errors import JarError
from tests.support.jars import FakeDownloader, ignore, of


def plugin_zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        bundle.mkdir("presto-hive-9")
        for name, content in files.items():
            bundle.writestr(f"presto-hive-9/{name}", content)
    return buffer.getvalue()


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


def test_the_s3_servers_jar_comes_with_the_serving_tier_and_leaves_the_others_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloader = FakeDownloader({"a-1.0.jar": b"1", "s3-1.0.jar": b"2", "s3-2.0.jar": b"3"})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(download, "pick", lambda: ("a fake", downloader))
    lock, jars = tmp_path / "jars.lock", tmp_path / "home" / "jars"
    core, server = of(b"1", "a", jar_set="kafka"), of(b"2", "s3", jar_set="s3proxy")
    artifacts.write_lock([core, server], lock)
    assert fetch.fetch(jars, lock, serving=False)
    assert not (jars / "s3proxy").exists()
    assert not fetch.fetch(jars, lock)  # nothing that runs has read it before
    assert (jars / "s3proxy" / "s3-1.0.jar").read_bytes() == b"2"
    artifacts.write_lock([core, of(b"3", "s3", jar_set="s3proxy", version="2.0")], lock)
    assert fetch.fetch(jars, lock, serving=False)  # once there, it is kept up to date
    assert [file.name for file in (jars / "s3proxy").glob("*.jar")] == ["s3-2.0.jar"]
    assert downloader.asked == [["a-1.0.jar"], ["s3-1.0.jar"], ["s3-2.0.jar"]]
