"""The list of channels: one line or many, with addresses that hold commas, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.settings import load_settings


def channels(tmp_path: Path, given: str) -> list[tuple[str, str]]:
    found = load_settings({"COINLAKE_HOME": str(tmp_path), "COINLAKE_ALERT_CHANNELS": given}).notifications.channels
    return [(channel.accepts, channel.url.reveal()) for channel in found]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", [("", "log")]),
        (" , ", [("", "log")]),
        ("log", [("", "log")]),
        ("alarms=log,webhook://h/p", [("alarms", "log"), ("", "webhook://h/p")]),
        ("webhooks://h/a?to=x,y, alerts=slack://A/B/C", [("", "webhooks://h/a?to=x,y"), ("alerts", "slack://A/B/C")]),
        ("mailto://u:p@h?to=a@x.y,log@x.y,log", [("", "mailto://u:p@h?to=a@x.y,log@x.y"), ("", "log")]),
        ("# ours\nlog\n\n  # theirs\nalarms=ntfys://h/t\n", [("", "log"), ("alarms", "ntfys://h/t")]),
        ("webhook://h/?x=alerts=1", [("", "webhook://h/?x=alerts=1")]),
    ],
)
def test_the_list_is_cut_before_each_channel(tmp_path: Path, given: str, expected: list[tuple[str, str]]) -> None:
    assert channels(tmp_path, given) == expected


@pytest.mark.parametrize("given", ["geheim", "log,geheim", "all=log", "webhook://geheim here", "://geheim"])
def test_what_is_no_channel_is_refused_without_being_shown(tmp_path: Path, given: str) -> None:
    with pytest.raises(SettingsError, match=r"COINLAKE_ALERT_CHANNELS='\(number \d of the list\)'") as raised:
        channels(tmp_path, given)
    assert "geheim" not in str(raised.value)


def test_the_list_may_be_a_file(tmp_path: Path) -> None:
    file = tmp_path / "channels"
    file.write_text("alerts=webhooks://h/geheim\nlog\n")
    environ = {"COINLAKE_HOME": str(tmp_path), "COINLAKE_ALERT_CHANNELS_FILE": str(file)}
    settings = load_settings(environ)
    assert [channel.accepts for channel in settings.notifications.channels] == ["alerts", ""]
    assert "geheim" not in repr(settings)


def test_bounds_are_in_seconds_and_bytes(tmp_path: Path) -> None:
    bounds = load_settings({"COINLAKE_HOME": str(tmp_path)}).notifications.alarms
    assert (bounds.every_s, bounds.evaluations, bounds.repeat_s) == (10, 3, 3600)
    assert (bounds.silence_s, bounds.gap_s, bounds.disk_bytes) == (600, 600, 3 * 1024**3)
