"""The hold on files: written at once, renewed now and then, deleted at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.settings import load_settings
from pipeline.verbs.backup import hold as hold_module
from pipeline.verbs.backup.hold import RENEW_S, Hold
from tests.support.clock import FakeClock


def test_it_is_renewed_in_time_and_not_all_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(hold_module, "write_file", lambda _settings, path, _content: calls.append(f"write {path}"))
    monkeypatch.setattr(hold_module, "delete_folder", lambda _settings, path: calls.append(f"delete {path}"))
    clock = FakeClock()
    hold = Hold(load_settings({"COINLAKE_HOME": str(tmp_path), "HDFS_URI": "hdfs://h:1"}), clock.time)
    path = "hdfs://h:1/requests/backup/hold"
    hold.renew()
    hold.renew()
    assert calls == [f"write {path}"]
    clock.sleep(RENEW_S)
    hold.renew()
    hold.release()
    assert calls == [f"write {path}", f"write {path}", f"delete {path}"]
