"""The README: short, true, and every command it shows runs in a fresh clone as it stands there."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from proof.jvm import SHORT_LIVED
from tests.support.history import write_export
from tests.support.processes import INTERRUPTIBLE
from tests.support.readme import Command, shown_commands
from tests.support.repository import Repository
from tests.support.runner import free_port_base

DOWN = "pipeline/scripts/pipeline_down.sh"
NOT_RUN = {"tests/run.sh"}  # this is it
ENDLESS = {"monitor/watch_kafka.sh"}  # runs until Ctrl-C
ENDLESS_S, COMMAND_S = 60, 900  # until a first line, until the end
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#]+)(?:#[^)]*)?\)")


@pytest.fixture(scope="module")
def commands(checkout: Path) -> list[Command]:
    """Every command of ours that the README shows."""
    return shown_commands(checkout / "README.md")


@pytest.fixture(scope="module")
def clone(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A fresh clone, as a new user has it; whatever runs there is taken down at the end."""
    folder = tmp_path_factory.mktemp("clone") / "coinlake"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(checkout), str(folder)], check=True)
    write_export(folder / "btc-usd-max.csv")  # the file that the README supposes the reader has
    try:
        yield folder
    finally:
        subprocess.run([folder / DOWN], env=users_environment(), check=False, timeout=120)


def users_environment() -> dict[str, str]:
    """Return a user's environment but for the ports, no market outside this machine, and prices each few seconds."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("COINLAKE_", "PYTHON"))}
    changed = {"COINLAKE_PORT_BASE": str(port_base()), "COINLAKE_MARKET": "simulator", "COINLAKE_POLL_SECONDS": "5"}
    # Natively: containers have a suite of their own.
    return ours | changed | {"DOCKER_HOST": "unix:///nowhere", "JAVA_TOOL_OPTIONS": SHORT_LIVED}


@cache
def port_base() -> int:
    """Return a free block of ports, the same for every command; the lake in containers has one of its own."""
    return free_port_base(reserved=int(os.environ["COINLAKE_PORT_BASE"]))


def test_readme_is_short_and_starts_with_the_two_commands(checkout: Path, commands: list[Command]) -> None:
    assert len((checkout / "README.md").read_text(encoding="utf-8").splitlines()) < 150
    assert [c.script for c in commands if c.line <= 25][:1] == ["pipeline/scripts/pipeline_setup.sh"]
    assert len([c for c in commands if c.line <= 25]) >= 2


def test_links_lead_somewhere(checkout: Path) -> None:
    broken = [
        f"{page.name}: {target}"
        for page in Repository(checkout).files(".md")
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_every_script_that_the_pages_name_is_there(checkout: Path) -> None:
    script = re.compile(r"(?:pipeline|analysis|monitor|tests|bench)/[\w./-]+\.(?:sh|py|sql|ipynb)")
    missing = {
        f"{page.name}: {name}"
        for page in Repository(checkout).files(".md")
        for name in script.findall(page.read_text(encoding="utf-8"))
        if not (checkout / name).exists()
    }
    assert missing == set()


def test_commands_run_in_a_fresh_clone(clone: Path, commands: list[Command]) -> None:
    shown = [command for command in commands if command.script not in NOT_RUN]
    assert shown
    for command in [c for c in shown if c.script != DOWN] + [c for c in shown if c.script == DOWN]:
        code, printed = run(clone, command)
        assert code == 0, f"README.md:{command.line}: {' '.join(command.words)}\n{printed}"
        assert printed.strip(), f"README.md:{command.line} printed nothing"


def run(clone: Path, command: Command) -> tuple[int, str]:
    """Run one command as shown; end an endless one by Ctrl-C once it has shown something. Return code and output."""
    process = subprocess.Popen(
        [*INTERRUPTIBLE, *command.words],
        cwd=clone,
        env=users_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    is_endless = command.script in ENDLESS
    limit = threading.Timer(ENDLESS_S if is_endless else COMMAND_S, os.killpg, (process.pid, signal.SIGKILL))
    limit.start()
    try:
        assert process.stdout is not None
        first = process.stdout.readline() if is_endless else ""
        if is_endless:
            os.killpg(process.pid, signal.SIGINT)
        rest, _ = process.communicate()
    finally:
        limit.cancel()
    return (0 if is_endless else process.returncode), first + rest
