from __future__ import annotations

import io

import pytest
from rich.console import Console

from pipeline.verbs import console as console_module
from pipeline.verbs.console import Stages


def stages(*, terminal: bool = False) -> tuple[Stages, io.StringIO]:
    text = io.StringIO()
    return Stages(Console(file=text, force_terminal=terminal, width=80, soft_wrap=True)), text


def test_a_stage_is_one_plain_line_with_its_seconds() -> None:
    shown, text = stages()
    with shown.stage("Kafka") as outcome:
        outcome("Kafka answers [really]")
    assert text.getvalue() == "    0.0 s  Kafka answers [really]\n"


def test_a_stage_that_fails_prints_no_success() -> None:
    shown, text = stages()
    with pytest.raises(RuntimeError), shown.stage("Kafka"):
        raise RuntimeError
    assert text.getvalue() == ""


def test_progress_is_told_in_plain_lines_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_module, "PLAIN_EVERY_S", 0)
    shown, text = stages()
    with shown.progress("history") as advance:
        advance(1, 4, "9 events")
        advance(0, 0, "0 events")
    assert [line.strip() for line in text.getvalue().splitlines()] == [
        "history: 25 %, 9 events",
        "history: starting, 0 events",
    ]


def test_a_terminal_gets_a_bar() -> None:
    shown, text = stages(terminal=True)
    with shown.progress("history") as advance:
        advance(1, 2, "9 events")
    assert "50%" in text.getvalue()


def test_what_is_loud_stands_in_a_frame() -> None:
    shown, text = stages()
    shown.loud("SIMULATED PRICES", "short")
    first, second, third, last = text.getvalue().splitlines()
    assert first == last == "!" * len(second)
    assert second == "!! SIMULATED PRICES !!"
    assert third == "!! short            !!"
