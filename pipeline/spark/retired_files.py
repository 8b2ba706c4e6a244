"""Files that no snapshot needs any more, kept until no reader can need them either.

A reader opens its files one by one, up to minutes after it has planned its query. So a file is not deleted with the
last snapshot that holds it: its path goes to a list in the table's own folder, and the list is worked off 15 minutes
later, whichever process runs then. A crash between the snapshots' end and the list leaves orphans, which a later
search finds.

A backup reads files for longer. While it renews a file of its own, the hold, nothing is deleted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from pyspark.sql import SparkSession

from pipeline.spark import hdfs
from pipeline.spark.jvm import JavaObject, java_class

KEEP_S = 900.0  # a query may run this long
HOLD_S = 600.0  # how long a backup keeps files from being deleted without saying so again
FOLDER = "_retired"  # Iceberg's search for orphans skips names that begin so
SUFFIX = ".txt"


class RetiredFiles:
    """The lists of one table, named by when they were written (ms since 1970); an idle table's cost nothing to look at.

    At an expiry a minute there are 16 lists at most, and one of a minute's commits has some 10 KB.
    """

    def __init__(self, spark: SparkSession, clock: Callable[[], float] = time.time, hold: str | None = None) -> None:
        self._spark = spark
        self._clock = clock
        self._hold = hold
        self._lists: list[int] | None = None  # unknown before the first look

    def add(self, iceberg_table: JavaObject, paths: Iterable[str]) -> None:
        """Put files on a list, to be deleted when they have been on it for `KEEP_S`."""
        if text := "\n".join(paths):
            retired_ms = int(self._clock() * 1000)
            known = self._known(iceberg_table)
            hdfs.replace_text(self._spark, _list_file(iceberg_table, retired_ms), text)
            known.append(retired_ms)

    def delete_due(self, iceberg_table: JavaObject) -> None:
        """Delete the files of the lists that are old enough, and then the lists; doing it again does no harm."""
        known = self._known(iceberg_table)
        due_ms = (self._clock() - KEEP_S) * 1000
        due = [written_ms for written_ms in known if written_ms <= due_ms]
        if due and self._is_held():
            return
        for retired_ms in due:
            file = _list_file(iceberg_table, retired_ms)
            if text := hdfs.read_text(self._spark, file):
                line_end = java_class(self._spark, "java.util.regex.Pattern").compile("\n")
                iceberg_table.io().deleteFiles(line_end.splitAsStream(text).toList())  # two calls, however many paths
            hdfs.delete(self._spark, file)
            known.remove(retired_ms)

    def _is_held(self) -> bool:
        renewed_ms = None if self._hold is None else hdfs.modified_ms(self._spark, self._hold)
        return renewed_ms is not None and renewed_ms > (self._clock() - HOLD_S) * 1000

    def _known(self, iceberg_table: JavaObject) -> list[int]:
        if self._lists is None:
            names = hdfs.list_names(self._spark, f"{iceberg_table.location()}/{FOLDER}")
            self._lists = [int(name.removesuffix(SUFFIX)) for name in names if name.endswith(SUFFIX)]
        return self._lists


def _list_file(iceberg_table: JavaObject, retired_ms: int) -> str:
    return f"{iceberg_table.location()}/{FOLDER}/{retired_ms}{SUFFIX}"
