"""What the running services leave in the home's `run` folder for one another: each file's name and shape."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MARKETS = "market.json"
HEARTBEAT_S = 30.0  # a service that reported longer ago has stopped


@dataclass(frozen=True)
class Choice:
    """Which kind of market is in use, and why."""

    kind: str  # live or simulator
    setting: str  # what COINLAKE_MARKET asked for
    reason: str


@dataclass(frozen=True)
class Markets:
    """The markets of prices and of trades, which are chosen apart."""

    prices: Choice
    trades: Choice

    def to_json(self) -> dict[str, str]:
        """Return them as /health and run/market.json show them."""
        return {
            "market": self.prices.kind,
            "market_setting": self.prices.setting,
            "market_reason": self.prices.reason,
            "trades_market": self.trades.kind,
            "trades_market_reason": self.trades.reason,
        }

    def write(self, run_dir: Path) -> None:
        """Replace run/market.json."""
        write_json(run_dir / MARKETS, self.to_json())

    @classmethod
    def read(cls, run_dir: Path) -> Markets | None:
        """Return what the scheduler has written; None before its first start."""
        try:
            told = json.loads((run_dir / MARKETS).read_text(encoding="utf-8"))
            setting = str(told["market_setting"])
            return cls(
                Choice(told["market"], setting, told["market_reason"]),
                Choice(told["trades_market"], setting, told["trades_market_reason"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None


@dataclass(frozen=True)
class Beat:
    """run/<service>.json: which process says that it is alive, and when; its figures lie beside them in the file."""

    pid: int
    time: float  # seconds since 1970
    figures: Mapping[str, Any]

    @classmethod
    def now(cls, figures: Mapping[str, Any]) -> Beat:
        """Return a beat of this process."""
        return cls(os.getpid(), time.time(), figures)

    def write(self, run_dir: Path, service: str) -> None:
        """Replace the service's file; raise `OSError` when that cannot be."""
        write_json(run_dir / f"{service}.json", {"pid": self.pid, "time": self.time, **self.figures})

    @classmethod
    def read(cls, run_dir: Path, service: str) -> Beat | None:
        """Return the service's last beat; None before its first one."""
        try:
            content = json.loads((run_dir / f"{service}.json").read_text(encoding="utf-8"))
            return cls(int(content.pop("pid")), float(content.pop("time")), content)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    @classmethod
    def fresh(cls, run_dir: Path, service: str) -> Beat | None:
        """Return the last beat of a service that runs; None where it does not."""
        beat = cls.read(run_dir, service)
        return None if beat is None or beat.age_s > HEARTBEAT_S else beat

    @property
    def age_s(self) -> float:
        """Seconds since then, by the clock of whoever asks."""
        return time.time() - self.time


def write_json(file: Path, content: Mapping[str, Any]) -> None:
    """Replace a file as a whole."""
    replace_file(file, json.dumps(content).encode() + b"\n")


def replace_file(file: Path, content: bytes) -> None:
    """Replace a file as a whole: a reader sees the old content or the new."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.draft")
    draft.write_bytes(content)
    draft.replace(file)


def metrics_file(run_dir: Path, service: str) -> Path:
    """Return where a service without an HTTP port of its own leaves its figures for Prometheus."""
    return run_dir / f"{service}.prom"


def metrics_files(run_dir: Path) -> list[Path]:
    """Return those of all services that have ever left any."""
    return sorted(run_dir.glob("*.prom"))
