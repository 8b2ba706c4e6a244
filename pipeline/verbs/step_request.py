"""Having the Spark job do a list of steps at once, and following it."""

from __future__ import annotations

import json
import sys
import time
import uuid
from dataclasses import dataclass
from typing import Any

from pipeline.errors import ServiceError
from pipeline.serving.requests import STATE
from pipeline.settings import Settings
from pipeline.verbs.console import Advance, Stages
from pipeline.verbs.hdfs_folders import delete_folder, make_folder, read_file
from pipeline.verbs.readback import NEXT_STEP

GOES_ON = "interrupted; the Spark job works on, and the same command follows it again"
LOOK_AGAIN_S = 0.5
BEGIN_S = 300.0  # within which the Spark job must take a request up: it may be at work on millions of rows


@dataclass(frozen=True)
class Outcome:
    """What became of the steps: a line for each, `12 rows computed`, and one for each that failed."""

    results: tuple[str, ...]
    faults: tuple[str, ...]

    def exit_code(self, verb: str) -> int:
        """Print the faults to stderr, and return the verb's exit code."""
        for fault in self.faults:
            sys.stderr.write(f"{verb}: {fault}\n")
        return 1 if self.faults else 0


def request_steps(settings: Settings, folder: str, title: str, stages: Stages) -> Outcome:
    """Have the steps of the requests in this HDFS folder done, showing how far they are, and return what came of them.

    Raises:
        ServiceError: the Spark job does not take the request up, or HDFS does not answer.
    """
    request = f"{folder}/{uuid.uuid4().hex}"
    make_folder(settings, request)
    with stages.stage(title) as tell, stages.progress(title) as advance:
        state = _follow(settings, request, advance)
        tell(f"{title}: done" if not state["faults"] else f"{title}: done, but for the faults below")
    delete_folder(settings, request)
    return Outcome(tuple(state["results"]), tuple(state["faults"]))


def _follow(settings: Settings, request: str, advance: Advance) -> dict[str, Any]:
    begun = time.monotonic()
    while True:
        text = read_file(settings, f"{request}/{STATE}")
        if text is None and time.monotonic() - begun > BEGIN_S:
            delete_folder(settings, request)
            raise ServiceError(f"the Spark job has not taken the request up within {BEGIN_S:g} s. {NEXT_STEP}")
        if text is not None:
            state: dict[str, Any] = json.loads(text)
            if state["is_done"]:
                return state
            advance(state["done"], state["total"], " ".join(state["next"]))
        time.sleep(LOOK_AGAIN_S)
