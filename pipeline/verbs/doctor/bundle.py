"""One file for whoever helps: results, status, versions and the ends of the logs, without any secret."""

from __future__ import annotations

import io
import json
import platform
import re
import subprocess
import tarfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path

from pipeline.errors import RequestError
from pipeline.settings import CHECKOUT, Settings
from pipeline.settings.values import Secret, read_env_file
from pipeline.verbs.doctor.checks import Result
from pipeline.verbs.status import native_status

LOG_END = 200_000  # characters
SECRET_NAME = re.compile(r"TOKEN|PASSWORD|SECRET|KEY|CHANNELS", re.IGNORECASE)
SECRET_IN_TEXT = re.compile(r"(?i)((?:token|password|secret|authorization)[\"']?\s*[=:]\s*(?:bearer )?)[^\s,;&\"']+")
SHORTEST_SECRET = 6  # a shorter value would be found in any text


def write_bundle(file: Path, settings: Settings, results: Sequence[Result]) -> None:
    """Write the bundle; a file of that name is replaced once the new one is whole.

    Raises:
        RequestError: it cannot be written.
    """
    hidden, part = secrets(settings), file.with_name(f"{file.name}.part")
    try:
        with tarfile.open(part, "w:gz") as bundle:
            for name, text in _parts(settings, results):
                content = redacted(text, hidden).encode()
                entry = tarfile.TarInfo(f"coinlake/{name}")
                entry.size, entry.mtime = len(content), int(time.time())
                bundle.addfile(entry, io.BytesIO(content))
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise RequestError(f"the bundle cannot be written to {file}: {error.strerror}") from error


def secrets(settings: Settings) -> set[str]:
    """Return the values that nobody may see: those of the settings, and of the home's file of them."""
    given = read_env_file(settings.home / ".env")
    found = {*_held(settings), *(value for name, value in given.items() if SECRET_NAME.search(name))}
    return {value for value in found if len(value) >= SHORTEST_SECRET}


def _held(part: object) -> Iterator[str]:
    if isinstance(part, Secret):
        yield part.reveal()
    elif isinstance(part, tuple):
        for each in part:
            yield from _held(each)
    elif is_dataclass(part):
        for field in fields(part):
            yield from _held(getattr(part, field.name))


def redacted(text: str, hidden: set[str]) -> str:
    """Return a text without the hidden values, and without what stands behind words such as `password=`."""
    for secret in sorted(hidden, key=len, reverse=True):
        text = text.replace(secret, "***")
    return SECRET_IN_TEXT.sub(r"\1***", text)


def _parts(settings: Settings, results: Sequence[Result]) -> Iterator[tuple[str, str]]:
    yield "doctor.json", json.dumps([asdict(result) for result in results], indent=2)
    yield "status.json", json.dumps(native_status().to_json(), indent=2)
    yield "versions.txt", _versions()
    yield "settings.txt", "".join(f"{name}={value}\n" for name, value in _shown(settings.home / ".env"))
    for log in sorted(settings.log_dir.glob("*.log")):
        yield f"logs/{log.name}", log.read_text(encoding="utf-8", errors="replace")[-LOG_END:]


def _shown(env_file: Path) -> Iterator[tuple[str, str]]:
    for name, value in read_env_file(env_file).items():
        yield name, "***" if SECRET_NAME.search(name) else value


def _versions() -> str:
    commands = (["java", "-version"], ["git", "-C", str(CHECKOUT), "log", "-1", "--oneline"])
    return f"{platform.platform()}\nPython {platform.python_version()}\n" + "".join(map(_said, commands))


def _said(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{command[0]}: {error}\n"
    return done.stdout + done.stderr
