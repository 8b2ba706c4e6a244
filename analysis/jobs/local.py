"""Run a job on this machine, in a kernel of its own."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillExecutionError

from analysis.jobs.job import OUTPUT, OUTPUT_NAME, PRICES, Job
from analysis.jobs.notebooks import LANGUAGE, check_notebook
from analysis.jobs.outputs import delivered
from analysis.jobs.price_file import read_prices
from pipeline.errors import NotebookError

log = logging.getLogger(__name__)
QUIET = ["--IPKernelApp.log_level=40"]  # else the kernel warns of plain TCP, on this machine alone


@dataclass(frozen=True)
class LocalRunner:
    """Runs the notebook with papermill and keeps the executed copy beside the forecast."""

    cell_limit_s: int = 3600

    def run(self, job: Job) -> Path:
        """Run the job; errors are those of `Runner.run`."""
        check_notebook(job)
        read_prices(job.price_file)
        log.info("running %s on this machine", job.notebook.name)
        with delivered(job) as folder:
            self._execute(job, folder / OUTPUT_NAME)
        log.info("forecast in %s, executed notebook in %s", job.output_file, job.executed_notebook)
        return job.output_file

    def _execute(self, job: Job, output: Path) -> None:
        files = {PRICES: str(job.price_file.resolve()), OUTPUT: str(output)}
        try:
            papermill.execute_notebook(
                job.notebook,
                job.executed_notebook,
                parameters={**job.parameters, **files},
                **LANGUAGE,
                progress_bar=False,
                execution_timeout=self.cell_limit_s,
                extra_arguments=QUIET,
            )
        except PapermillExecutionError as error:
            raise NotebookError(str(job.notebook), _failure(job, error)) from error
        except (CellTimeoutError, DeadKernelError) as error:
            raise NotebookError(str(job.notebook), str(error)) from error


def _failure(job: Job, error: Any) -> str:  # noqa: ANN401  # papermill ships no types
    """Name the cell as the executed copy numbers it; the traceback is in that copy."""
    first_line = next(iter(error.source.strip().splitlines()), "")
    where = f"cell In [{error.exec_count}] ({first_line})"
    return f"{where}: {error.ename}: {error.evalue}; its traceback is in {job.executed_notebook}"
