"""A file of daily prices in CoinGecko's export layout, for runs without the real one."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

HEADER = ("snapped_at", "price", "market_cap", "total_volume")


@dataclass(frozen=True)
class Day:
    """One line of the file: its time as Presto writes it, its money exact."""

    event_time: str
    price_usd: Decimal
    market_cap_usd: Decimal | None
    volume_usd: Decimal | None


def write_export(path: Path, days: int = 1500) -> Path:
    """Write a file with the real one's traps: two days missing, stamps off midnight, volume 0, many digits."""
    digits = random.Random(20130428)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number in range(days):
            if number in {37, 640}:
                continue
            moment = datetime(2013, 4, 28, tzinfo=UTC) + timedelta(days=number)
            moment += timedelta(hours=7, minutes=3) if number % 400 == 399 else timedelta()
            price = f"{digits.randint(50, 90_000)}.{digits.randint(1, 10**15)}"
            volume = "0.0" if number < 200 else f"{digits.randint(10**6, 10**10)}.{digits.randint(0, 9999)}"
            writer.writerow([f"{moment:%Y-%m-%d %H:%M:%S} UTC", price, f"{digits.randint(10**9, 10**12)}.0", volume])
    return path


def read_export(path: Path) -> list[Day]:
    """Read an export by the standard library alone."""
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Day(
                row["snapped_at"].removesuffix(" UTC") + ".000",
                Decimal(row["price"]),
                _money(row["market_cap"]),
                _money(row["total_volume"]),
            )
            for row in csv.DictReader(file)
        ]


def _money(text: str) -> Decimal | None:
    return Decimal(text) if text else None
