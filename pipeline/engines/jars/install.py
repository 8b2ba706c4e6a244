"""Lay the cached jars out in the home, as the start scripts expect them."""

from __future__ import annotations

import errno
import os
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

from pipeline.engines.jars.artifacts import Artifact

PLUGIN_SET = "presto-plugin"
CLI_SET = "presto-cli"
FOLDERS = {"presto": "presto/lib"}  # every other set's folder has the set's name


def install(artifacts: Sequence[Artifact], cache: Path, jars: Path) -> None:
    """Build the whole tree beside the old one, then put it in its place; an interruption leaves the old one."""
    fresh = jars.with_name(f"{jars.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for one in artifacts:
        if one.jar_set == PLUGIN_SET:
            _unpack(cache / one.path, fresh / "presto" / "plugin" / plugin_name(one))
        else:
            _link(cache / one.path, fresh / _place(one))
    _replace_asm([one for one in artifacts if one.group == "org.ow2.asm"], cache, fresh / "presto" / "plugin")
    shutil.rmtree(jars, ignore_errors=True)
    fresh.rename(jars)


def add(artifacts: Sequence[Artifact], cache: Path, jars: Path) -> None:
    """Lay a set out beside those that are there, which stay as they are."""
    for one in artifacts:
        _link(cache / one.path, jars / _place(one))


def plugin_name(artifact: Artifact) -> str:
    """Return the folder of a plugin: `presto-hive-hadoop2` lives in `hive-hadoop2`."""
    return artifact.name.removeprefix("presto-")


def _place(artifact: Artifact) -> str:
    if artifact.jar_set == CLI_SET:
        return "presto-cli.jar"
    return f"{FOLDERS.get(artifact.jar_set, artifact.jar_set)}/{artifact.filename}"


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in {errno.EXDEV, errno.EPERM, errno.EMLINK}:
            raise
        shutil.copyfile(source, target)  # the home lies on another file system than the cache


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack a plugin's zip without its one top folder."""
    folder.mkdir(parents=True)
    with zipfile.ZipFile(archive) as bundle:
        for member in bundle.infolist():
            if not member.is_dir():
                with bundle.open(member) as source, (folder / Path(member.filename).name).open("wb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)


def _replace_asm(replacements: Sequence[Artifact], cache: Path, plugins: Path) -> None:
    """Put the locked asm in place of the plugins' own 9.0, which cannot read Java 17's classes."""
    for one in replacements:
        for old in plugins.glob(f"*/{one.name}-[0-9]*.jar"):
            old.unlink()
            _link(cache / one.path, old.with_name(one.filename))
