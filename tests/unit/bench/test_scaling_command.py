"""The command `python -m bench.scaling`: its tables, its JSON, its refusals."""

from __future__ import annotations

import json
import sys

import pytest

from bench.scaling.__main__ import main
from bench.scaling.tables import number


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["bench.scaling", *arguments])
    main()


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "0.5 "), (999, "999 "), (1234, "1.23 k"), (25e6, "25 M"), (1.8e12, "1.8 T"), (4e15, "4 P"), (0, "0 ")],
)
def test_numbers_are_written_short(value: float, text: str) -> None:
    assert number(value) == text


def test_the_tables_have_a_column_for_each_multiple(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch)
    shown = capsys.readouterr().out
    for word in ("1x", "10x", "100x", "10,000x", "Kafka: brokers", "What does not scale out today"):
        assert word in shown


def test_json_holds_the_plans_and_the_limits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "--json", "--rate", "500", "--factor", "2", "40")
    found = json.loads(capsys.readouterr().out)
    assert [plan["events_per_s"] for plan in found["plans"]] == [1000, 20_000]
    assert len(found["limits"]) == 7


@pytest.mark.parametrize("arguments", [("--rate", "0"), ("--factor", "-1"), ("--days", "0"), ("--rate", "fast")])
def test_what_makes_no_sense_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, *arguments)
    assert ended.value.code == 2
    assert arguments[0] in capsys.readouterr().err
