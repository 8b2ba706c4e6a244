"""A real supervisord with services of a few lines: what it restarts, what it leaves, and the order of a stop."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.engines import render, supervisor
from pipeline.errors import ServiceError
from pipeline.settings import Settings, load_settings

RUNS_ON = '#!/bin/bash\necho $$ >> {home}/starts.$(basename "$0")\nexec sleep 600\n'
REFUSES = '#!/bin/bash\necho $$ >> {home}/starts.$(basename "$0")\nexit 78\n'
TELLS_ITS_END = (
    "#!/bin/bash\ntrap 'echo $(basename \"$0\" .sh) >> {home}/ended; exit 0' TERM\n"
    'touch {home}/$(basename "$0" .sh).up\nwhile true; do sleep 0.05; done\n'
)


def eventually(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@pytest.fixture
def home() -> Iterator[Path]:
    """A short path: a Unix socket's may have 107 characters, and pytest's own folders are long."""
    with tempfile.TemporaryDirectory(prefix="lake") as folder:
        yield Path(folder)


@pytest.fixture
def checkout(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of the start scripts."""
    monkeypatch.setattr(render, "CHECKOUT", home / "my checkout")
    start = home / "my checkout" / "pipeline" / "engines" / "start"
    start.mkdir(parents=True)
    return start


@pytest.fixture
def ours(home: Path) -> Iterator[Settings]:
    ours = load_settings({"COINLAKE_HOME": str(home)})
    yield ours
    daemon = supervisor.client(ours)
    if daemon.answers():
        daemon.shut_down()
        eventually(lambda: not daemon.answers(), "supervisord ends")


@pytest.fixture
def add(checkout: Path, home: Path) -> Callable[[str, str], None]:
    def add(name: str, script: str) -> None:
        file = checkout / f"{name}.sh"
        file.write_text(script.format(home=home))
        file.chmod(0o755)

    return add


def starts(home: Path, name: str) -> list[int]:
    file = home / f"starts.{name}.sh"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def test_a_killed_service_comes_back(home: Path, ours: Settings, add: Callable[[str, str], None]) -> None:
    add("kafka", RUNS_ON)
    assert supervisor.start_daemon(ours, ["kafka"])
    eventually(lambda: len(starts(home, "kafka")) == 1, "kafka starts")
    first = supervisor.client(ours).states()["kafka"]
    assert (first.state, first.pid, first.exit_code) == ("RUNNING", starts(home, "kafka")[0], None)
    os.kill(starts(home, "kafka")[0], signal.SIGKILL)
    eventually(lambda: len(starts(home, "kafka")) == 2, "kafka comes back")
    assert supervisor.client(ours).states()["kafka"].state == "RUNNING"


def test_a_service_that_refuses_is_left_alone(home: Path, ours: Settings, add: Callable[[str, str], None]) -> None:
    add("spark", REFUSES)
    supervisor.start_daemon(ours, ["spark"])
    daemon = supervisor.client(ours)
    eventually(lambda: daemon.states()["spark"].refused, "spark refuses")
    time.sleep(1.5)  # longer than supervisord needs for a restart
    assert len(starts(home, "spark")) == 1
    assert daemon.states()["spark"].exit_code == 78
    assert daemon.states()["spark"].pid is None


def test_a_second_start_leaves_the_running_one(home: Path, ours: Settings, add: Callable[[str, str], None]) -> None:
    add("kafka", RUNS_ON)
    assert [supervisor.start_daemon(ours, ["kafka"]), supervisor.start_daemon(ours, ["kafka"])] == [True, False]
    eventually(lambda: len(starts(home, "kafka")) == 1, "kafka starts once")


def test_services_stop_and_start_by_name(home: Path, ours: Settings, add: Callable[[str, str], None]) -> None:
    add("kafka", RUNS_ON)
    supervisor.start_daemon(ours, ["kafka"])
    daemon = supervisor.client(ours)
    daemon.stop("kafka")
    daemon.stop("kafka")  # once more does no harm
    assert daemon.states()["kafka"].state == "STOPPED"
    daemon.start("kafka")
    daemon.start("kafka")
    eventually(lambda: daemon.states()["kafka"].state == "RUNNING", "kafka runs again")


def test_a_stop_ends_the_users_before_what_they_use(
    home: Path, ours: Settings, add: Callable[[str, str], None]
) -> None:
    names = ["kafka", "namenode", "metastore", "presto", "spark"]
    for name in names:
        add(name, TELLS_ITS_END)
    supervisor.start_daemon(ours, names)
    eventually(lambda: all((home / f"{name}.up").exists() for name in names), "all are up")
    assert supervisor.stop_daemon(ours)
    assert (home / "ended").read_text().split() == ["spark", "presto", "metastore", "namenode", "kafka"]
    assert not supervisor.stop_daemon(ours)


def test_a_changed_configuration_restarts_only_what_differs(
    home: Path, ours: Settings, add: Callable[[str, str], None]
) -> None:
    for name in ("kafka", "presto", "simulator"):
        add(name, RUNS_ON)
    supervisor.start_daemon(ours, ["kafka", "simulator"])
    eventually(lambda: bool(starts(home, "kafka") and starts(home, "simulator")), "both start")
    render.render_all(ours, ["kafka", "presto"])
    assert set(supervisor.client(ours).apply_changes()) == {"presto", "simulator"}
    assert set(supervisor.client(ours).states()) == {"kafka", "presto"}
    eventually(lambda: len(starts(home, "presto")) == 1, "presto starts")
    assert len(starts(home, "kafka")) == 1


def test_what_a_service_says_is_in_its_log(home: Path, ours: Settings, add: Callable[[str, str], None]) -> None:
    add("kafka", "#!/bin/bash\necho out\necho err >&2\nexec sleep 600\n")
    supervisor.start_daemon(ours, ["kafka"])
    log = ours.log_dir / "kafka.log"
    eventually(lambda: log.exists() and log.read_text() == "out\nerr\n", "the log holds both")


def test_without_a_supervisord_calls_say_so(ours: Settings) -> None:
    daemon = supervisor.client(ours)
    assert not daemon.answers()
    with pytest.raises(ServiceError, match=r"no supervisord answers on .*/run/supervisor\.sock"):
        daemon.states()


def test_an_unknown_service_is_refused(home: Path, ours: Settings, add: Callable[[str, str], None]) -> None:
    add("kafka", RUNS_ON)
    supervisor.start_daemon(ours, ["kafka"])
    with pytest.raises(ServiceError, match="BAD_NAME: kafak"):
        supervisor.client(ours).start("kafak")


def test_a_start_that_fails_says_why(ours: Settings, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = home / "python"
    broken.write_text("#!/bin/sh\necho no such module >&2\nexit 2\n")
    broken.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(broken))
    with pytest.raises(ServiceError, match="supervisord did not start: no such module"):
        supervisor.start_daemon(ours, [])


def test_a_start_that_hangs_is_given_up(ours: Settings, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "run" / "supervisor.sock").mkdir(parents=True)  # supervisord tries for ever to replace it
    monkeypatch.setattr(supervisor, "ANSWER_S", 1.0)
    with pytest.raises(ServiceError, match=r"supervisord did not start within 1 s"):
        supervisor.start_daemon(ours, [])
