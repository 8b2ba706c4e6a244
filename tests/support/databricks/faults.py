"""What the workspace can be told to do wrong."""

from __future__ import annotations

from dataclasses import dataclass


class ApiError(Exception):
    """An answer that refuses, in Databricks' words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error_code": code, "message": message}


NO_SUCH = 404, "RESOURCE_DOES_NOT_EXIST"
HANG, CUT, HALF = "hang", "cut", "half"  # no answer; the connection closed before it; closed in its middle
DONE_THEN_CUT = "done then cut"  # the call is obeyed, its answer lost


@dataclass
class Fault:
    """An answer to calls that have a word in "METHOD /path": an `ApiError`, or one of the words above."""

    word: str
    answer: ApiError | str
    after: int = 0  # calls that are answered as usual before
    times: int = 1_000_000

    def strikes(self, call: str) -> bool:
        """Tell whether this call fails, and count it."""
        if self.word not in call:
            return False
        if self.after:
            self.after -= 1
            return False
        self.times -= 1
        return self.times >= 0


def refusal(status: int, message: str = "no", code: str = "") -> ApiError:
    """Return a refusal with the usual code of its status."""
    usual = {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 429: "REQUEST_LIMIT_EXCEEDED", 500: "INTERNAL_ERROR"}
    return ApiError(status, code or usual.get(status, "BAD_REQUEST"), message)
