"""The commands that the README shows, so that a test can run exactly those."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(?:bash|sh|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
OUR_SCRIPT = re.compile(r"^(?:pipeline|analysis|monitor|tests)/\S+\.sh$")


@dataclass(frozen=True)
class Command:
    """One command line of the README, in words, and the line it stands on."""

    words: tuple[str, ...]
    line: int

    @property
    def script(self) -> str:
        """The script it runs, by its path from the root."""
        return self.words[0]


def shown_commands(readme: Path) -> list[Command]:
    """Return the commands in the fenced blocks of a page that run a script of ours, in the page's order."""
    text = readme.read_text(encoding="utf-8")
    commands = []
    for block in FENCE.finditer(text):
        first_line = text.count("\n", 0, block.start(1)) + 1
        joined = re.sub(r"\\\n", "  ", block[1])  # a command may go on in the next line
        for number, line in enumerate(joined.splitlines()):
            words = tuple(shlex.split(line.removeprefix("$ "), comments=True))
            if words and OUR_SCRIPT.match(words[0].removeprefix("./")):
                commands.append(Command((words[0].removeprefix("./"), *words[1:]), first_line + number))
    return commands
