"""The files of the workspace: volumes by the Files API, DBFS, and notebooks."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from tests.support.databricks.faults import NO_SUCH, ApiError

VOLUME = "/Volumes/main/default/coinlake"
NO_DBFS = ApiError(403, "PERMISSION_DENIED", "Public DBFS root is disabled. Access is denied on path: /tmp")


class Files:
    """The state of `fs`, `dbfs` and `workspace` 2.0, kept below one folder of this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.has_dbfs = False
        self.notebooks: dict[str, bytes] = {}
        self.imported: list[bytes] = []  # every notebook there ever was
        self.uploaded: list[str] = []
        (root / VOLUME[1:]).mkdir(parents=True)
        (root / "dbfs" / "tmp").mkdir(parents=True)
        self._handles: dict[int, Path] = {}
        self._numbers = count(1)

    def left(self) -> list[str]:
        """Return what is still in the volume, on DBFS and among the notebooks."""
        on_disk = [path for place in (VOLUME[1:], "dbfs/tmp") for path in (self.root / place).rglob("*")]
        return sorted([str(path.relative_to(self.root)) for path in on_disk] + list(self.notebooks))

    def write_beside(self, uploaded: str, name: str, content: bytes) -> None:
        """Write a file into the folder of one that was uploaded, as a notebook would."""
        path = next(path for path in self.uploaded if path.endswith(f"/{uploaded}"))
        folder = (self._dbfs(path) if self.has_dbfs else self._in_volume(path)).parent
        (folder / name).write_bytes(content)

    def put(self, path: str, content: bytes) -> None:
        file = self._in_volume(path)
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
        self.uploaded.append(path)

    def content(self, path: str) -> bytes:
        return self._there(self._in_volume(path)).read_bytes()

    def delete(self, path: str) -> None:
        self._there(self._in_volume(path)).unlink()

    def list_directory(self, path: str) -> dict[str, Any]:
        files = sorted(self._there(self._in_volume(path)).iterdir())
        return {"contents": [{"path": f"{path}/{file.name}", "name": file.name} for file in files]}

    def delete_directory(self, path: str) -> None:
        folder = self._there(self._in_volume(path))
        if any(folder.iterdir()):
            raise ApiError(400, "DIRECTORY_NOT_EMPTY", path)
        folder.rmdir()

    def dbfs_put(self, _query: Mapping[str, str], body: dict[str, Any]) -> dict[str, Any]:
        self._dbfs(body["path"]).write_bytes(base64.b64decode(body.get("contents", "")))
        return {}

    def dbfs_create(self, _query: Mapping[str, str], body: dict[str, Any]) -> dict[str, Any]:
        handle, file = next(self._numbers), self._dbfs(body["path"])
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"")
        self._handles[handle] = file
        self.uploaded.append(body["path"])
        return {"handle": handle}

    def dbfs_add_block(self, _query: Mapping[str, str], body: dict[str, Any]) -> dict[str, Any]:
        with self._handles[body["handle"]].open("ab") as file:
            file.write(base64.b64decode(body["data"]))
        return {}

    def dbfs_close(self, _query: Mapping[str, str], body: dict[str, Any]) -> dict[str, Any]:
        del self._handles[body["handle"]]
        return {}

    def dbfs_status(self, query: Mapping[str, str], _body: object) -> dict[str, Any]:
        file = self._there(self._dbfs(query["path"]))
        return {"path": query["path"], "is_dir": file.is_dir(), "file_size": file.stat().st_size}

    def dbfs_list(self, query: Mapping[str, str], _body: object) -> dict[str, Any]:
        files = sorted(self._there(self._dbfs(query["path"])).iterdir())
        return {"files": [{"path": f"{query['path']}/{file.name}", "is_dir": False} for file in files]}

    def dbfs_read(self, query: Mapping[str, str], _body: object) -> dict[str, Any]:
        start = int(query["offset"])
        block = self._there(self._dbfs(query["path"])).read_bytes()[start : start + int(query["length"])]
        return {"bytes_read": len(block), "data": base64.b64encode(block).decode()}

    def dbfs_delete(self, _query: Mapping[str, str], body: dict[str, Any]) -> dict[str, Any]:
        path = self._dbfs(body["path"])
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        return {}

    def import_notebook(self, _query: Mapping[str, str], body: dict[str, Any]) -> dict[str, Any]:
        assert body["format"] == "JUPYTER"
        self.notebooks[body["path"]] = base64.b64decode(body["content"])
        self.imported.append(self.notebooks[body["path"]])
        return {}

    def remove_notebooks(self, _query: Mapping[str, str], body: dict[str, Any]) -> dict[str, Any]:
        gone = [path for path in self.notebooks if path.startswith(body["path"])]
        if not gone:
            raise ApiError(*NO_SUCH, f"Path ({body['path']}) doesn't exist.")
        for path in gone:
            del self.notebooks[path]
        return {}

    def _in_volume(self, path: str) -> Path:
        if not path.startswith(f"{VOLUME}/"):
            raise ApiError(404, "NOT_FOUND", f"The volume of {path} does not exist")
        return self.root / path[1:]

    def _dbfs(self, path: str) -> Path:
        if not self.has_dbfs:
            raise NO_DBFS
        return self.root / "dbfs" / path.removeprefix("dbfs:").lstrip("/")

    def _there(self, path: Path) -> Path:
        if not path.exists():
            raise ApiError(*NO_SUCH, f"no such file: {path.name}")
        return path
