"""The NameNode's edit log is merged into images while it runs, so that neither it nor a restart grows with the time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.host import processes
from tests.support.namenode import NameNode, running_namenode
from tests.support.waiting import wait_until

ENOUGH = 200  # edits
MORE = ENOUGH + 20
CHECKPOINT_S = 90.0  # ten seconds until the script looks, and a JVM


@pytest.fixture(scope="module")
def namenode(jar_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NameNode]:
    with running_namenode(jar_dir, tmp_path_factory.mktemp("hdfs"), ENOUGH) as running:
        yield running


def checkpointed(namenode: NameNode, at_least: int) -> bool:
    return namenode.images()[-1] >= at_least


def test_edits_become_an_image_and_old_ones_go(namenode: NameNode) -> None:
    left = namenode.settings.data_dir / "namenode-checkpoint"
    for number, folder in enumerate(("first", "second"), start=1):
        namenode.make_folders(folder, MORE)
        wait_until(lambda: checkpointed(namenode, number * ENOUGH), CHECKPOINT_S, f"checkpoint {number}")  # noqa: B023
        # It counts the edits afterwards: as many new ones would look like a failure.
        wait_until(lambda: not left.exists(), CHECKPOINT_S, "the checkpoint's own folder is deleted")
    older, newer = namenode.images()
    wait_until(lambda: min(namenode.finished_edits()) > older, 10, "edits before the older image are deleted")
    assert older < max(namenode.finished_edits()) <= newer + 1


def test_nothing_of_a_killed_namenode_stays_and_its_namespace_comes_back(namenode: NameNode) -> None:
    namenode.make_folders("after", 20)  # of which no image knows
    (helper,) = namenode.children()
    namenode.kill_and_restart()
    wait_until(lambda: not processes.is_alive(helper), 10, "the script beside the killed NameNode ends")
    assert [namenode.folders(parent) for parent in ("first", "second", "after")] == [MORE, MORE, 20]
