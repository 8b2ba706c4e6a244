"""Folders in HDFS over its HTTP door, for verbs, which have no Hadoop client."""

from __future__ import annotations

from pipeline.errors import ServiceError
from pipeline.own_http import call
from pipeline.settings import Settings


def make_folder(settings: Settings, location: str) -> None:
    """Make a folder, and those above it; one that is there stays as it is.

    Raises:
        ServiceError: the NameNode does not answer or refuses.
    """
    path = location.removeprefix(settings.lake.hdfs_uri)
    try:
        call("PUT", _url(settings, path), params=_params("MKDIRS"))
    except ServiceError as error:
        raise ServiceError(f"HDFS did not make {path}: {error}") from error


def folder_names(settings: Settings, location: str) -> set[str]:
    """Return the names in a folder.

    Raises:
        ServiceError: the NameNode does not answer, or there is no such folder.
    """
    path = location.removeprefix(settings.lake.hdfs_uri)
    listed = call("GET", _url(settings, path), params=_params("LISTSTATUS")).json()
    return {str(entry["pathSuffix"]) for entry in listed["FileStatuses"]["FileStatus"]}


def read_file(settings: Settings, location: str) -> str | None:
    """Return a file's text, None where there is no such file.

    Raises:
        ServiceError: HDFS does not answer.
    """
    path = location.removeprefix(settings.lake.hdfs_uri)
    folder, _, name = path.rpartition("/")
    if name not in folder_names(settings, folder):
        return None
    opened = call("GET", _url(settings, path), params={**_params("OPEN"), "noredirect": "true"})
    return call("GET", opened.json()["Location"]).text


def write_file(settings: Settings, location: str, content: bytes) -> None:
    """Write a file; one that is there is replaced.

    Raises:
        ServiceError: HDFS does not answer or refuses.
    """
    path = location.removeprefix(settings.lake.hdfs_uri)
    params = {**_params("CREATE"), "noredirect": "true", "overwrite": "true"}
    opened = call("PUT", _url(settings, path), params=params)
    call("PUT", opened.json()["Location"], content=content)


def delete_folder(settings: Settings, location: str) -> None:
    """Delete a folder with all in it.

    Raises:
        ServiceError: the NameNode does not answer or refuses.
    """
    path = location.removeprefix(settings.lake.hdfs_uri)
    call("DELETE", _url(settings, path), params={**_params("DELETE"), "recursive": "true"})


def _url(settings: Settings, path: str) -> str:
    return f"{settings.lake.hdfs_http_url}/webhdfs/v1{path}"


def _params(operation: str) -> dict[str, str]:
    return {"op": operation, "user.name": "coinlake"}
