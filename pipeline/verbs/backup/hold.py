"""Keeping files of the lake from being deleted while they are copied: the Spark job, which deletes them, is asked.

A file in HDFS says so, and is renewed: what a killed backup leaves counts for `HOLD_S` and no longer.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from pipeline.settings import Settings
from pipeline.spark.retired_files import HOLD_S
from pipeline.verbs.hdfs_folders import delete_folder, write_file

RENEW_S = HOLD_S / 10


class Hold:
    """Holds from `renew` on until `release`; call `renew` often."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._renewed: float | None = None

    def renew(self) -> None:
        """Write the file if its time has come.

        Raises:
            ServiceError: HDFS does not answer or refuses.
        """
        if self._renewed is None or self._clock() - self._renewed >= RENEW_S:
            write_file(self._settings, self._settings.lake.backup_hold, b"")
            self._renewed = self._clock()

    def release(self) -> None:
        """Delete the file."""
        delete_folder(self._settings, self._settings.lake.backup_hold)
        self._renewed = None
