"""Filling the parameters of the SQL that ships."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.sql_files import SQL_DIR
from analysis.statement import fill, literal, main, parameters

FILES = sorted(SQL_DIR.glob("*.sql"))


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_every_shipped_statement_ends_and_states_its_parameters(file: Path) -> None:
    sql = file.read_text(encoding="utf-8")
    assert sql.endswith(";\n")
    assert fill(sql, []).count("?") == len(parameters(sql)), "only those in the comments are left"


def test_only_real_question_marks_are_parameters() -> None:
    sql = """-- ? 24  hours; what? \n SELECT '?', 'it''s ?', "a?" /* ? */, ? -- ?"""
    assert fill(sql, []).endswith("""SELECT '?', 'it''s ?', "a?" /* ? */, 24 -- ?""")


def test_too_many_or_too_few_values_name_the_parameters() -> None:
    with pytest.raises(ValueError, match=r"takes 1 parameter: how many hours back; 2 given"):
        fill("-- ? 24  how many hours back\nSELECT ?", ["1", "2"])
    with pytest.raises(ValueError, match=r"takes 2 parameters; 1 given"):
        fill("SELECT ?, ?", ["1"])


@pytest.mark.parametrize(
    ("value", "sql"),
    [("6", "6"), ("-1.5", "-1.5"), ("ARRAY['a','b']", "ARRAY['a','b']"), ("BTC-USD", "'BTC-USD'"), ("a'b", "'a''b'")],
)
def test_values_become_literals(value: str, sql: str) -> None:
    assert literal(value) == sql


def test_a_file_that_cannot_be_read_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main([str(tmp_path / "none.sql")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
