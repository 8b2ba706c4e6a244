"""The bucket that gold and raw candles are copied to: objects put whole, and small JSON objects that say how far."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pipeline.errors import SinkError
from pipeline.serving.clients import open_bucket
from pipeline.settings.serving import BucketSettings

if TYPE_CHECKING:
    import pyarrow as pa

READS = 3  # until an object that was replaced meanwhile is read whole
STATES = "_coinlake"
"""The folder of the state objects; no reader of the data looks there."""

REMEDIES = {
    "ACCESS_DENIED": "S3_ACCESS_KEY and S3_SECRET_KEY must be let list, read, write and delete in it",
    "INVALID_ACCESS_KEY": "S3_ACCESS_KEY must be one that the store has",
    "SIGNATURE": "S3_SECRET_KEY must belong to S3_ACCESS_KEY",
    "NO_SUCH_BUCKET": "make it, or let S3_BUCKET name another",
    "No space": "the store's disk is full: free some space",
}
USUAL_REMEDY = "pipeline/scripts/pipeline_status.sh shows whether it runs, and its log why it refuses (a full disk?)"


class Bucket:
    """One bucket; each method raises `SinkError` when the store is away, refuses or is full."""

    def __init__(self, settings: BucketSettings) -> None:
        self._settings = settings
        self._store = open_bucket(settings)

    def put(self, key: str, rows: pa.Table) -> None:
        """Replace an object by these rows as Parquet, in one call: a reader sees the old ones or the new ones."""
        import pyarrow.parquet as pq

        buffer = io.BytesIO()
        pq.write_table(rows, buffer, compression="zstd")
        self._put(key, buffer.getvalue())

    def put_state(self, name: str, state: dict[str, Any]) -> None:
        """Replace a state."""
        self._put(f"{STATES}/{name}.json", json.dumps(state).encode())

    def state(self, name: str) -> dict[str, Any] | None:
        """Return a state, None where there is none."""
        path = self._path(f"{STATES}/{name}.json")
        with self._faults():
            try:
                with self._store.open_input_stream(path) as stream:
                    found: dict[str, Any] = json.loads(stream.read())
            except FileNotFoundError:
                return None
        return found

    def read(self, key: str, columns: list[str] | None = None) -> pa.Table:
        """Return an object's rows.

        A file is read by parts: one that is replaced between two of them looks broken, and is read again.
        """
        import pyarrow as pa

        for _ in range(READS - 1):
            with contextlib.suppress(pa.ArrowInvalid):
                return self._read_once(key, columns)
        return self._read_once(key, columns)

    def keys(self, folder: str) -> list[str]:
        """Return the objects below a folder, without those that only stand for folders."""
        from pyarrow.fs import FileSelector, FileType

        with self._faults():
            selector = FileSelector(self._path(folder), recursive=True, allow_not_found=True)
            infos = self._store.get_file_info(selector)
        prefix = len(self._settings.name) + 1
        return sorted(info.path[prefix:] for info in infos if info.type is FileType.File)

    def clear(self, folder: str) -> None:
        """Delete all objects below a folder."""
        for key in self.keys(folder):
            with self._faults():
                self._store.delete_file(self._path(key))

    def _read_once(self, key: str, columns: list[str] | None) -> pa.Table:
        import pyarrow.parquet as pq

        with self._faults(), self._store.open_input_file(self._path(key)) as file:
            return pq.read_table(file, columns=columns)

    def _put(self, key: str, data: bytes) -> None:
        with self._faults(), self._store.open_output_stream(self._path(key)) as stream:
            stream.write(data)

    def _path(self, key: str) -> str:
        return f"{self._settings.name}/{key}"

    @contextlib.contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            words = " ".join(str(error).split())
            remedy = next((remedy for sign, remedy in REMEDIES.items() if sign in words), USUAL_REMEDY)
            place = f"the bucket {self._settings.name} at {self._settings.endpoint or 'Amazon S3'}"
            raise SinkError(place, words, remedy) from None
