"""What a job makes on Databricks is deleted in every case: after an error, Ctrl-C or SIGTERM, too."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from analysis.jobs.databricks.workspace import Limits, with_retries
from analysis.jobs.errors import LeftoversError
from analysis.jobs.interruption import Interrupted, interruptible
from pipeline.errors import JobError

log = logging.getLogger(__name__)


class Cleanup:
    """What a job has to delete at its end."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._deletions: list[tuple[str, Callable[[], object]]] = []

    def add(self, what: str, delete: Callable[[], object]) -> None:
        """Have `delete` called at the end; add it BEFORE the thing is made: a creation may succeed unanswered."""
        self._deletions.append((what, delete))

    def run(self) -> list[str]:
        """Delete everything, the newest first; return what could not be deleted. One failure skips no other."""
        return [fault for what, delete in reversed(self._deletions) for fault in self._delete(what, delete)]

    def _delete(self, what: str, delete: Callable[[], object]) -> list[str]:
        try:
            with_retries(delete, self._limits)
        except LeftoversError as error:
            return error.things
        except JobError as error:
            return [f"{what} ({error})"]
        except Exception as error:
            log.exception("cannot delete %s", what)
            return [f"{what} ({type(error).__name__})"]
        return []


@contextmanager
def cleaning_up(limits: Limits) -> Iterator[Cleanup]:
    """Clean up at the end of the block, whatever ended it; a signal ends the block, not the cleanup.

    Raises:
        LeftoversError: something could not be deleted; it names the error that had ended the block, too.
    """
    cleanup = Cleanup(limits)
    with interruptible() as gate:
        ended_by: BaseException | None = None
        try:
            yield cleanup
        except BaseException as error:
            ended_by = error
            raise
        finally:
            try:
                gate.hold()
            except Interrupted as error:  # at this very moment
                ended_by = ended_by or error
            _finish(cleanup, ended_by)


def _finish(cleanup: Cleanup, ended_by: BaseException | None) -> None:
    left = cleanup.run()
    if left:
        raise LeftoversError(left, before=str(ended_by or "")) from ended_by
    if isinstance(ended_by, Interrupted):
        raise ended_by
