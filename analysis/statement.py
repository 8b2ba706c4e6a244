"""Fill the parameters of a file of SQL: `python -m analysis.statement FILE [VALUE...]` prints the statement to run.

A `?` in the statement is a parameter. The file states each in order with its default and its meaning, on a line of its
own: `-- ? 24  how many hours back`. Values that are not given are the defaults.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

WRONG_USAGE = 2
STATED = re.compile(r"^-- \? (?P<default>\S+)\s+(?P<meaning>\S.*)$", re.MULTILINE)
NUMBER_OR_ARRAY = re.compile(r"-?\d+(\.\d+)?|ARRAY\[.*\]", re.IGNORECASE | re.DOTALL)
# What may hold a question mark that is no parameter, or is one: text, a quoted name, comments.
MARKS = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/|\?", re.DOTALL)


class Parameter(NamedTuple):
    """A stated parameter: its default as SQL, and what it means."""

    default: str
    meaning: str


def parameters(sql: str) -> list[Parameter]:
    """Return the parameters that the statement states, in order."""
    return [Parameter(found["default"], found["meaning"]) for found in STATED.finditer(sql)]


def fill(sql: str, values: Sequence[str]) -> str:
    """Return the statement with a literal in the place of each `?`.

    Raises:
        ValueError: there are more or fewer values than parameters; the message names these.
    """
    stated = parameters(sql)
    literals = [literal(value) for value in values] + [one.default for one in stated[len(values) :]]
    marks = sum(found[0] == "?" for found in MARKS.finditer(sql))
    if len(literals) != marks:
        meanings = ": " + ", ".join(one.meaning for one in stated) if stated else ""
        raise ValueError(f"it takes {marks} parameter{'' if marks == 1 else 's'}{meanings}; {len(values)} given")
    left = iter(literals)
    return MARKS.sub(lambda found: next(left) if found[0] == "?" else found[0], sql)


def literal(value: str) -> str:
    """Return a value as SQL: a number or ARRAY[...] as it is, all else as text."""
    return value if NUMBER_OR_ARRAY.fullmatch(value) else "'" + value.replace("'", "''") + "'"


def main(arguments: Sequence[str]) -> int:
    """Print the filled statement; return 2 when the values do not fit."""
    path, *values = arguments
    try:
        statement = fill(Path(path).read_text(encoding="utf-8"), values)
    except (OSError, ValueError) as error:
        print(f"presto.sh: {path}: {error}", file=sys.stderr)  # noqa: T201  # a command line
        return WRONG_USAGE
    print(statement.strip().removesuffix(";"))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
