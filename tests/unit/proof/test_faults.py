"""A batch is forgotten alone: whatever HDFS does meanwhile, no other entry of the log is deleted."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import pytest

from pipeline.errors import ServiceError
from pipeline.settings import load_settings
from proof import faults, lake
from proof.faults import ForgetBatch
from proof.lake import Lake


@pytest.fixture
def hurt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setattr(lake, "LOOK_AGAIN_S", 0)
    found = Lake(load_settings({"COINLAKE_HOME": str(tmp_path)}), {}, tmp_path)
    found.__dict__["supervisor"] = Mock()
    return found


def test_one_entry_goes_even_when_hdfs_does_not_answer_at_first(hurt: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    away = ServiceError("HDFS does not answer")
    monkeypatch.setattr(faults, "folder_names", Mock(side_effect=[away, {"9", "10", ".11.tmp"}, {"9"}]))
    delete = Mock(side_effect=[away, None])
    monkeypatch.setattr(faults, "delete_folder", delete)
    ForgetBatch("silver").strike(hurt)
    entries = [call.args[1].removeprefix(hurt.settings.lake.checkpoints) for call in delete.call_args_list]
    assert entries == ["/stream/silver/commits/10"] * 2
    assert [call[0] for call in hurt.supervisor.method_calls] == ["stop", "start"]  # type: ignore[attr-defined]
