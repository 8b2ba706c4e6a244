"""Files of HDFS read and written whole over its HTTP door, in chunks; threads may share one client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

import httpx

from pipeline.errors import ServiceError
from pipeline.own_http import own_client
from pipeline.settings import Settings

ANSWER_S = 60.0
CHUNK = 1 << 20


class HdfsFiles:
    """The files of one HDFS, by their full URIs; each method raises `ServiceError` when it is away or refuses."""

    def __init__(self, settings: Settings) -> None:
        self._url = f"{settings.lake.hdfs_http_url}/webhdfs/v1"
        self._client = own_client(timeout=ANSWER_S)

    def sizes(self, folder: str) -> dict[str, int]:
        """Return the bytes of each file below a folder; nothing where there is no folder."""
        try:
            listed = self._send("GET", folder, op="LISTSTATUS").json()["FileStatuses"]["FileStatus"]
        except FileNotFoundError:
            return {}
        found: dict[str, int] = {}
        for entry in listed:
            path = f"{folder}/{entry['pathSuffix']}"
            found |= {path: int(entry["length"])} if entry["type"] == "FILE" else self.sizes(path)
        return found

    def read(self, uri: str) -> Iterator[bytes]:
        """Yield a file's content."""
        params = {"op": "OPEN", "user.name": "coinlake"}
        with (
            _faults(uri),
            self._client.stream("GET", self._at(uri), params=params, follow_redirects=True) as response,
        ):
            response.raise_for_status()
            yield from response.iter_bytes(CHUNK)

    def write(self, uri: str, size: int, content: Iterable[bytes]) -> None:
        """Make or replace a file of `size` bytes; the folders above it are made."""
        opened = self._send("PUT", uri, op="CREATE", noredirect="true", overwrite="true").json()["Location"]
        with _faults(uri):
            length = {"Content-Length": str(size)}
            self._client.put(opened, content=content, headers=length).raise_for_status()

    def delete(self, uri: str) -> None:
        """Delete a file, if it is there."""
        self._send("DELETE", uri, op="DELETE")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _send(self, method: str, uri: str, **query: str) -> httpx.Response:
        with _faults(uri):
            response = self._client.request(method, self._at(uri), params={"user.name": "coinlake", **query})
            if response.status_code == 404:
                raise FileNotFoundError(uri)
            return response.raise_for_status()

    def _at(self, uri: str) -> str:
        _scheme, _, rest = uri.partition("://")
        _host, slash, path = rest.partition("/")
        return f"{self._url}{quote(slash + path)}"


@contextmanager
def _faults(uri: str) -> Iterator[None]:
    try:
        yield
    except httpx.HTTPStatusError as error:
        words = "" if not error.response.is_stream_consumed else f" {error.response.text[:200]}"
        raise ServiceError(f"{uri}: HDFS answers {error.response.status_code}{words}") from None
    except httpx.HTTPError as error:
        raise ServiceError(f"{uri}: {error or type(error).__name__}") from None
