"""What the exchange remembers over a restart: a small JSON file, for the trades themselves are a function of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline.ingest.simulator.exchange.pace import Pace, Segment
from pipeline.ingest.simulator.exchange.quotes import Move
from pipeline.ingest.simulator.exchange.trades import Numbering, ProductState

DEFAULT_SEED = 1


def exchange_file(data_dir: Path) -> Path:
    """Return where a lake's exchange keeps its state."""
    return data_dir / "simulator" / "exchange.json"


class StateFile:
    """The states of all products, of one seed; without a path nothing is kept."""

    def __init__(self, path: Path | None, seed: int) -> None:
        self._path = path
        self._seed = seed

    def read(self) -> dict[str, ProductState]:
        """Return the states by product; none if there is no file, or it is another seed's."""
        if self._path is None or not self._path.exists():
            return {}
        kept = json.loads(self._path.read_text(encoding="utf-8"))
        if kept["seed"] != self._seed:
            return {}
        return {name: _state(values) for name, values in kept["products"].items()}

    def write(self, states: Mapping[str, ProductState]) -> None:
        """Replace the file as a whole."""
        if self._path is None:
            return
        kept = {"seed": self._seed, "products": {name: _values(state) for name, state in states.items()}}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(kept) + "\n", encoding="utf-8")
        part.replace(self._path)


def _values(state: ProductState) -> dict[str, Any]:
    return {
        "opened_us": state.pace.opened_us,
        "segments": [asdict(segment) for segment in state.pace.segments],
        "numberings": [asdict(numbering) for numbering in state.numberings],
        "moves": [asdict(move) for move in state.moves],
        "forgotten": list(state.forgotten),
        "decimals": state.decimals,
    }


def _state(values: dict[str, Any]) -> ProductState:
    return ProductState(
        Pace(values["opened_us"], tuple(Segment(**segment) for segment in values["segments"])),
        tuple(Numbering(**numbering) for numbering in values["numberings"]),
        tuple(Move(**move) for move in values["moves"]),
        tuple((low, high) for low, high in values["forgotten"]),
        values["decimals"],
    )
