"""What settings are read from, and the parsers of their values; only the standard library is used here."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from pipeline.errors import SettingsError

T = TypeVar("T")


class Secret:
    """A string that cannot be printed by accident."""

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself; call it only where the secret is sent."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')" if self._value else "Secret('')"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


def read_env_file(path: Path) -> dict[str, str]:
    """Read `NAME=value` lines; blank lines and `#` comments are skipped, a missing file is empty."""
    if not path.exists():
        return {}
    pairs = {}
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals:
            raise SettingsError(f"{path}:{number}", line, "NAME=value")
        if value:
            pairs[name.strip()] = value.strip()
    return pairs


class Reader:
    """Looks values up and turns a parser's complaint into a `SettingsError`."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def get(self, variable: str, default: str, parse: Callable[[str], T]) -> T:
        """Return the parsed value of a variable."""
        value = self._values.get(variable, default).strip()
        try:
            return parse(value)
        except ValueError as error:
            raise SettingsError(variable, value, str(error)) from None

    def secret(self, variable: str) -> Secret:
        """Return a secret, held by the variable itself or by the file that `<variable>_FILE` names."""
        file = self._values.get(f"{variable}_FILE")
        if file is None:
            return Secret(self._values.get(variable, ""))
        try:
            return Secret(Path(file).read_text(encoding="utf-8").strip())
        except OSError:
            raise SettingsError(f"{variable}_FILE", file, "a file that can be read") from None


def one_of(*choices: str) -> Callable[[str], str]:
    """Make a parser of these words; like every parser here it raises `ValueError` saying what was expected."""

    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError("one of " + ", ".join(choices))
        return value

    return parse


def flag(value: str) -> bool:
    """Parse true or false."""
    if value.lower() not in {"true", "false", "1", "0"}:
        raise ValueError("true or false")
    return value.lower() in {"true", "1"}


def whole(low: int, high: int) -> Callable[[str], int]:
    """Make a parser of whole numbers, both ends included."""

    def parse(value: str) -> int:
        if not value.isdecimal() or not low <= int(value) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(value)

    return parse


def readable_file(value: str) -> str:
    """Parse the path of a file that can be read, or nothing."""
    if value and not os.access(value, os.R_OK):
        raise ValueError("a file that can be read")
    return value


def optional_ws_url(value: str) -> str:
    """Parse the address of a WebSocket, or nothing."""
    parts = urlsplit(value)
    if value and (parts.scheme not in {"ws", "wss"} or not parts.hostname):
        raise ValueError("a ws:// or wss:// address")
    return value.rstrip("/")


def http_url(value: str) -> str:
    """Parse an HTTP address."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("an http:// or https:// address")
    return value.rstrip("/")


def optional_http_url(value: str) -> str:
    """Parse an HTTP address, or nothing."""
    return http_url(value) if value else ""


def uri(scheme: str) -> Callable[[str], str]:
    """Make a parser of addresses with this scheme and a host."""

    def parse(value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme != scheme or not parts.hostname:
            raise ValueError(f"an address such as {scheme}://host:port")
        return value.rstrip("/")

    return parse


def host_ports(value: str) -> str:
    """Parse a comma list of `host:port`."""
    for part in value.split(","):
        host, _, port = part.strip().rpartition(":")
        if not host or not port.isdecimal():
            raise ValueError("host:port, or a comma list of such")
    return value
