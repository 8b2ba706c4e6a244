"""What a job is: a notebook, its parameters, a price file, and the folder that gets the forecast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

OUTPUT_NAME = "forecast_output.csv"
PRICES = "prices_csv"  # the notebook's parameters that a runner sets
OUTPUT = "output_csv"


@dataclass(frozen=True)
class Job:
    """A notebook to run on one price file.

    The notebook has a cell tagged `parameters`, reads the file that `prices_csv` names and writes `output_csv`.
    """

    notebook: Path
    parameters: Mapping[str, object]  # without `prices_csv` and `output_csv`
    price_file: Path  # CSV: day, price_usd
    output_dir: Path

    @property
    def output_file(self) -> Path:
        """Where the forecast will be."""
        return self.output_dir / OUTPUT_NAME

    @property
    def executed_notebook(self) -> Path:
        """Where the local runner keeps the notebook with its outputs."""
        return self.output_dir / self.notebook.name


class Runner(Protocol):
    """Runs jobs somewhere."""

    def run(self, job: Job) -> Path:
        """Run the job and return the path of its `forecast_output.csv`.

        Raises:
            JobError: it did not deliver; nothing is left under the forecast's name.
            NotebookError: one of the notebook's cells failed; the message names it.
        """
