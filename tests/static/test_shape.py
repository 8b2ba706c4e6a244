"""The shape of the code: sizes of files and functions, headers of scripts."""

from __future__ import annotations

import ast
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.repository import Repository

MAX_FILE_LINES = 300
ONE_FILE_BY_RULE = {"docker-compose.yml"}  # services of one project that wait for each other cannot be split over files
MAX_SCRIPT_LINES = 100
MAX_BODY_LINES = 50
MAX_PARAMETERS = 5

Function = ast.FunctionDef | ast.AsyncFunctionDef


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def functions(path: Path) -> Iterator[Function]:
    """Yield each function and method of a Python file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, Function):
            yield node


def body_lines(function: Function) -> int:
    """Count the lines of a function's body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) and len(function.body) > 1 else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


def parameters(function: Function) -> int:
    """Count what a caller has to give; self and cls do not count."""
    named = [a.arg for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
    return len([name for name in named if name not in {"self", "cls"}])


def is_command(path: Path) -> bool:
    """Tell a script that is run from one that is only sourced."""
    return os.access(path, os.X_OK)


def test_no_source_file_is_too_long(repository: Repository) -> None:
    sizes = {repository.name(path): lines(path) for path in repository.files(".py", ".sql", ".toml", ".yml")}
    too_long = {name: size for name, size in sizes.items() if size > MAX_FILE_LINES and name not in ONE_FILE_BY_RULE}
    assert too_long == {}


def test_no_script_is_too_long(repository: Repository) -> None:
    sizes = {repository.name(path): lines(path) for path in repository.shell_scripts()}
    assert {name: size for name, size in sizes.items() if size > MAX_SCRIPT_LINES} == {}


def test_no_function_is_too_long(repository: Repository) -> None:
    sizes = {f"{repository.name(p)}:{f.name}": body_lines(f) for p in repository.files(".py") for f in functions(p)}
    assert {name: size for name, size in sizes.items() if size > MAX_BODY_LINES} == {}


def test_no_function_takes_too_many_parameters(repository: Repository) -> None:
    names = {repository.name(path): path for path in repository.files(".py")}
    code = {name: path for name, path in names.items() if not name.startswith("tests/")}  # there they are fixtures
    counts = {f"{name}:{f.name}": parameters(f) for name, path in code.items() for f in functions(path)}
    assert {name: count for name, count in counts.items() if count > MAX_PARAMETERS} == {}


def test_scripts_are_strict_and_say_what_they_do(repository: Repository) -> None:
    wanted = ("#!/usr/bin/env bash\n", "# Summary: ", "# Usage: ", "set -euo pipefail")
    missing = {}
    for path in filter(is_command, repository.shell_scripts()):
        text = path.read_text(encoding="utf-8")
        missing[repository.name(path)] = [words for words in wanted if words not in text]
    assert {name: words for name, words in missing.items() if words} == {}


def test_verbs_print_their_usage(repository: Repository) -> None:
    verbs = [path for path in repository.files(".sh") if path.parent.name == "scripts" and is_command(path)]
    answers = {path: subprocess.run([path, "--help"], check=False, capture_output=True, text=True) for path in verbs}
    assert verbs
    assert {path.name: a for path, a in answers.items() if a.returncode != 0 or path.name not in a.stdout} == {}
