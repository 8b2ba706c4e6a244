"""What a job delivers: the forecast and the files beside it, moved to its folder once the forecast is checked."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from analysis.jobs.errors import JobOutputError
from analysis.jobs.job import OUTPUT_NAME, Job

BESIDE = OUTPUT_NAME.removesuffix(".csv")  # what else begins so is delivered, too, such as scores
LEAST_COLUMNS = 2


@contextmanager
def delivered(job: Job) -> Iterator[Path]:
    """Give a folder for the outputs; those of an earlier run are deleted, and these moved when the block ends well.

    The forecast comes last, so that what is beside it is there once it is. An executed notebook is no output.

    Raises:
        JobOutputError: there is no forecast in it, or an incomplete one.
    """
    job.output_dir.mkdir(parents=True, exist_ok=True)
    for old in job.output_dir.glob(f"{BESIDE}*"):
        old.unlink()
    with tempfile.TemporaryDirectory(prefix=".", dir=job.output_dir.resolve()) as folder:
        yield Path(folder)
        found = Path(folder) / OUTPUT_NAME
        if not found.exists():
            raise JobOutputError(OUTPUT_NAME, "the notebook ran to its end but did not write it")
        check_forecast(found)
        for file in sorted(Path(folder).glob(f"{BESIDE}*"), key=lambda file: file.name == OUTPUT_NAME):
            file.replace(job.output_dir / file.name)


def check_forecast(file: Path) -> None:
    """Check that a CSV file has a header, rows, and in every row as many fields as in the header.

    Raises:
        JobOutputError: it does not, as when it was cut off.
    """
    text = file.read_bytes().decode("utf-8", errors="replace")
    header, *rows = list(csv.reader(text.splitlines())) or [[]]
    if len(header) < LEAST_COLUMNS or not rows:
        raise JobOutputError(file.name, "it has no header with rows below it")
    short = next((number for number, row in enumerate(rows, start=2) if len(row) != len(header)), None)
    if short is not None:
        raise JobOutputError(file.name, f"line {short} has {len(rows[short - 2])} fields, the header has {len(header)}")
    if not text.endswith("\n"):
        raise JobOutputError(file.name, "its last line has no end")
