"""The streams' checkpoint folder, reached through the NameNode's HTTP interface: no Spark job need run."""

from __future__ import annotations

from urllib.parse import urlsplit

from httpx import Response

from pipeline.errors import ServiceError
from pipeline.own_http import call
from pipeline.settings import Settings


class StreamFolder:
    """The folder and the files in it; each method raises `ServiceError` when HDFS does not answer or refuses."""

    def __init__(self, settings: Settings) -> None:
        self.path = f"{urlsplit(settings.lake.checkpoints).path}/stream"
        self._url = f"{settings.lake.hdfs_http_url}/webhdfs/v1{self.path}"

    def names(self) -> set[str]:
        """Return the names of what the folder holds."""
        listed = self._call("GET", "", op="LISTSTATUS").json()
        return {status["pathSuffix"] for status in listed["FileStatuses"]["FileStatus"]}

    def read(self, name: str) -> str:
        """Return the text of a file."""
        return call("GET", self._call("GET", f"/{name}", op="OPEN", noredirect="true").json()["Location"]).text

    def replace(self, name: str, *, by: str) -> None:
        """Rename the file `by` to `name`, in the place of the one that may be there."""
        self._call("DELETE", f"/{name}", op="DELETE")
        self._rename(f"/{by}", f"{self.path}/{name}")

    def move_aside(self, suffix: str) -> str:
        """Rename the whole folder, and return its new path."""
        target = f"{self.path}-{suffix}"
        self._rename("", target)
        return target

    def _rename(self, name: str, target: str) -> None:
        if not self._call("PUT", name, op="RENAME", destination=target).json()["boolean"]:
            raise ServiceError(f"HDFS did not rename {self.path}{name} to {target}")

    def _call(self, method: str, name: str, **query: str) -> Response:
        return call(method, f"{self._url}{name}", params={"user.name": "coinlake", **query})
