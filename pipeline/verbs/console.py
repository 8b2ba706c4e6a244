"""What the verbs print: stages with times, a progress bar; lively on a terminal, plain lines anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from pipeline.host.output_format import stage_line

PLAIN_EVERY_S = 5.0  # between two lines of progress where there is no terminal

Advance = Callable[[int, int, str], None]
"""Is told how far work is: done, total, and a word on it."""


class Stages:
    """Prints one line a stage with the seconds it took, and the sum at the end."""

    def __init__(self, console: Console | None = None, *, elapsed_s: float = 0.0) -> None:
        """Begin; `elapsed_s` is what stages before these took, where another process printed them."""
        self.console = console or Console(soft_wrap=True, highlight=False)
        self._start = time.monotonic() - elapsed_s

    @property
    def elapsed_s(self) -> float:
        """Seconds since the first stage could begin."""
        return time.monotonic() - self._start

    @contextmanager
    def stage(self, title: str) -> Iterator[Callable[[str], None]]:
        """Time what happens inside; the yielded function changes the line's words to what came out of it."""
        words = [title]
        start = time.monotonic()
        with self._spinner(title):
            yield lambda outcome: words.__setitem__(0, outcome)
        self.console.print(Text(stage_line(time.monotonic() - start, words[0])))

    @contextmanager
    def progress(self, title: str) -> Iterator[Advance]:
        """Show how far long work is; the yielded function is told."""
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal) as bar:
            task = bar.add_task(title, total=None)
            told = time.monotonic()

            def advance(done: int, total: int, note: str) -> None:
                nonlocal told
                bar.update(task, completed=done, total=total or None, description=f"{title}: {note}")
                if not self.console.is_terminal and time.monotonic() - told >= PLAIN_EVERY_S:
                    told = time.monotonic()
                    self.console.print(Text(f"           {title}: {_percent(done, total)}, {note}"))

            yield advance

    def say(self, line: str) -> None:
        """Print a line as it is."""
        self.console.print(Text(line))

    def loud(self, *lines: str) -> None:
        """Print what nobody may overlook."""
        width = max(map(len, lines)) + 2
        self.console.print(Text("!" * (width + 4), style="bold yellow"))
        for line in lines:
            self.console.print(Text(f"!! {line.ljust(width - 2)} !!", style="bold yellow"))
        self.console.print(Text("!" * (width + 4), style="bold yellow"))

    @contextmanager
    def _spinner(self, title: str) -> Iterator[None]:
        if not self.console.is_terminal:
            yield
            return
        with self.console.status(Text(title)):
            yield


def _percent(done: int, total: int) -> str:
    return f"{100 * done // total} %" if total else "starting"
