"""Are the images made of the code as it is?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.errors import ServiceError
from pipeline.host.containers import images
from pipeline.host.containers.compose import Compose
from pipeline.settings import CHECKOUT, Settings

if TYPE_CHECKING:
    from tests.unit.pipeline.host.containers.conftest import FakeDocker

GOES_IN = ("requirements.lock", "requirements-superset.lock", "pipeline/a.py", "analysis/b.sql", "monitor/c.sh")
# What only the image of the tests is made of: a change there rebuilds no image of the lake.
FOR_TESTS = {"requirements-dev.lock", "pyproject.toml", ".env.example", "docker-compose.yml", "README.md"}
FOR_TESTS |= {"docs", "bench", "proof", "tests"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with a little of everything."""
    for name in (
        "requirements.lock",
        "requirements-superset.lock",
        "pipeline/a.py",
        "analysis/b.sql",
        "monitor/c.sh",
        "docs/d.md",
    ):
        file = tmp_path / "checkout" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return tmp_path / "checkout"


@pytest.mark.parametrize(
    "name", ["requirements.lock", "requirements-superset.lock", "pipeline/a.py", "analysis/b.sql", "monitor/c.sh"]
)
def test_a_change_of_what_goes_in_is_another_source(root: Path, name: str) -> None:
    before = images.source_id(root)
    assert images.source_id(root) == before
    (root / name).write_text("changed")
    assert images.source_id(root) != before


def test_a_new_name_or_permission_is_another_source(root: Path) -> None:
    ids = [images.source_id(root)]
    (root / "monitor/c.sh").chmod(0o755)
    ids.append(images.source_id(root))
    (root / "pipeline/a.py").rename(root / "pipeline/z.py")
    ids.append(images.source_id(root))
    assert len(set(ids)) == 3


def test_what_stays_outside_does_not_count(root: Path) -> None:
    before = images.source_id(root)
    (root / "docs/d.md").write_text("changed")
    (root / "pipeline/__pycache__").mkdir()
    (root / "pipeline/__pycache__/a.pyc").write_text("x")
    assert images.source_id(root) == before


def test_sources_are_what_the_builder_is_sent() -> None:
    lines = (CHECKOUT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sent = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert sent == set(images.SOURCES) | FOR_TESTS


def test_images_are_there_when_all_are_of_this_source(ours: Settings, docker: FakeDocker) -> None:
    compose = Compose(ours.home)
    docker.answer("config --images", ["coinlake/kafka", "coinlake/spark", "coinlake/kafka"])
    docker.answer("image inspect", ["abc", "abc"])
    assert images.are_built(compose, "abc")
    assert docker.asked[-1].endswith("coinlake/kafka coinlake/spark")
    docker.answer("image inspect", ["abc", "old"])
    assert not images.are_built(compose, "abc")
    docker.answer("image inspect", "No such image: coinlake/spark", exit_code=1)
    assert not images.are_built(compose, "abc")


def test_a_failed_build_shows_the_end_of_its_log(ours: Settings, docker: FakeDocker, tmp_path: Path) -> None:
    docker.answer("build --build-arg COINLAKE_SOURCE=abc", "E: Unable to locate package", exit_code=17)
    with pytest.raises(ServiceError, match="Unable to locate package"):
        images.build(Compose(ours.home), "abc", tmp_path / "logs" / "build.log")
    assert "Unable to locate" in (tmp_path / "logs" / "build.log").read_text()
