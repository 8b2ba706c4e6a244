"""One-time runs: the notebook really runs, in papermill in a process of its own, unless a test says how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from itertools import count
from threading import Thread
from typing import Any

from tests.support.databricks.clusters import Clusters
from tests.support.databricks.faults import NO_SUCH, ApiError
from tests.support.databricks.files import Files

PAGE = "https://workspace.example.com/?o=1#job/7/run/"
TASK_OFFSET = 1000  # a run's task has an id of its own
QUIET_PIP = {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}


class Runs:
    """The state of `jobs/runs` 2.2."""

    def __init__(self, files: Files, clusters: Clusters) -> None:
        self.all: dict[int, dict[str, Any]] = {}
        self.submitted: list[dict[str, Any]] = []
        self.output: bytes | None = None  # written in place of running the notebook
        self.beside: dict[str, bytes] = {}  # other files, too
        self.ends_as: tuple[str, str | None] | None = None  # life cycle, result; RUNNING never ends
        self.executed: bytes = b""  # the last notebook that ran, with its outputs
        self._files, self._clusters = files, clusters
        self._numbers = count(41)

    def submit(self, _query: Mapping[str, str], body: dict[str, Any]) -> dict[str, Any]:
        known = [one for one in self.all.values() if one["token"] == body["idempotency_token"]]
        if known:
            return {"run_id": known[0]["run_id"]}
        (task,) = body["tasks"]
        if task["notebook_task"]["notebook_path"] not in self._files.notebooks:
            raise ApiError(*NO_SUCH, "the notebook does not exist")
        self.submitted.append(body)
        run = {"run_id": next(self._numbers), "name": body["run_name"], "token": body["idempotency_token"], "looks": 0}
        self.all[run["run_id"]] = {**run, "life": "PENDING", "result": None, "error": ("", ""), "cluster": ""}
        run = self.all[run["run_id"]]
        if "new_cluster" in task:
            cluster = self._clusters.create({}, {**task["new_cluster"], "cluster_name": f"job-{run['run_id']}"})
            run["cluster"] = cluster["cluster_id"]
        elif "existing_cluster_id" in task:
            assert self._clusters.all[task["existing_cluster_id"]]["state"] == "RUNNING"
        Thread(target=self._perform, args=(run, task["notebook_task"]["notebook_path"]), daemon=True).start()
        return {"run_id": run["run_id"]}

    def get(self, query: Mapping[str, str], _body: object) -> dict[str, Any]:
        run = self._find(int(query["run_id"]))
        state = {"life_cycle_state": run["life"], "state_message": "as told"}
        if run["result"]:
            state["result_state"] = run["result"]
        tasks = [{"task_key": "notebook", "run_id": run["run_id"] + TASK_OFFSET, "state": state}]
        return {
            "run_id": run["run_id"],
            "run_name": run["name"],
            "run_page_url": f"{PAGE}{run['run_id']}",
            "state": state,
            "tasks": tasks,
        }

    def get_output(self, query: Mapping[str, str], _body: object) -> dict[str, Any]:
        run_id = int(query["run_id"])
        if run_id in self.all:
            message = "Retrieving the output of runs with multiple tasks is not supported"
            raise ApiError(400, "INVALID_PARAMETER_VALUE", message)
        error, trace = self._find(run_id - TASK_OFFSET)["error"]
        return {"error": error, "error_trace": trace}

    def list(self, _query: Mapping[str, str], _body: object) -> dict[str, Any]:
        active = [run for run in self.all.values() if run["life"] in {"PENDING", "RUNNING"}]
        return {"runs": [self.get({"run_id": str(run["run_id"])}, None) for run in active]}

    def cancel(self, _query: Mapping[str, str], body: dict[str, Any]) -> dict[str, Any]:
        self._end(self._find(body["run_id"]), "TERMINATED", "CANCELED")
        return {}

    def _perform(self, run: dict[str, Any], path: str) -> None:
        run["life"] = "RUNNING"
        if self.ends_as is not None:
            if self.ends_as[0] != "RUNNING":
                run["error"] = ("ValueError: told to fail", "a line\nValueError: told to fail")
                self._end(run, *self.ends_as)
        elif self.output is not None:
            for name, content in {"forecast_output.csv": self.output, **self.beside}.items():
                self._files.write_beside("prices.csv", name, content)
            self._end(run, "TERMINATED", "SUCCESS")
        else:
            self._execute(run, path)

    def _execute(self, run: dict[str, Any], path: str) -> None:
        root = self._files.root
        text = self._files.notebooks[path].decode()
        for place in ("/Volumes/", "/dbfs/"):
            text = text.replace(place, f"{root}{place}")
        given, done = root / "given.ipynb", root / "done.ipynb"
        given.write_text(text)
        environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | QUIET_PIP
        command = [sys.executable, "-m", "papermill", "--no-progress-bar", "--kernel", "python3", str(given), str(done)]
        ended = subprocess.run(command, cwd=root, env=environ, check=False, capture_output=True)
        if not done.exists():  # the process was killed
            self._end(run, "INTERNAL_ERROR", "FAILED")
            return
        self.executed = done.read_bytes()
        if ended.returncode == 0:
            self._end(run, "TERMINATED", "SUCCESS")
            return
        outputs = [output for cell in json.loads(self.executed)["cells"] for output in cell.get("outputs", [])]
        error = next(output for output in outputs if output["output_type"] == "error")
        run["error"] = (f"{error['ename']}: {error['evalue']}", "\n".join(error["traceback"]))
        self._end(run, "TERMINATED", "FAILED")

    def _end(self, run: dict[str, Any], life: str, result: str | None) -> None:
        if run["life"] in {"TERMINATED", "INTERNAL_ERROR", "SKIPPED"}:
            return
        self._clusters.all.pop(run["cluster"], None)
        run["result"], run["life"] = result, life

    def _find(self, run_id: int) -> dict[str, Any]:
        if run_id not in self.all:
            raise ApiError(400, "INVALID_PARAMETER_VALUE", f"Run {run_id} does not exist")
        return self.all[run_id]
