"""Show the progress of a download: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

NAME = re.compile(r"([^/\s]+\.(?:jar|zip))\b")
PLAIN_EVERY = 50  # files between two plain lines


class Watcher(Protocol):
    """Is told each line that the downloading tool writes."""

    def __call__(self, line: str) -> None:
        """Count the line when it names a file not counted yet."""


@contextmanager
def watch(title: str, filenames: Collection[str], console: Console) -> Iterator[Watcher]:
    """Yield a function to be called with each output line; it counts the file names it meets."""
    waiting = set(filenames)
    total = len(waiting)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=total)

        def on_line(line: str) -> None:
            for name in NAME.findall(line):
                if name in waiting:
                    waiting.discard(name)
                    done = total - len(waiting)
                    bar.update(task, completed=done)
                    if not console.is_terminal and (done % PLAIN_EVERY == 0 or not waiting):
                        console.print(f"{title}: {done} of {total}")

        yield on_line
