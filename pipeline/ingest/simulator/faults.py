"""Faults on demand: the next answers become CoinGecko's error bodies, so that every handling of them can be seen."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from flask import Blueprint, Response, jsonify, request

MESSAGES = {
    429: "You've exceeded the Rate Limit. Please visit https://www.coingecko.com/en/api/pricing to subscribe to our "
    "API plans for higher rate limits.",
    10002: "API Key Missing",
    10005: "This request is limited to PRO API subscribers.",
    10010: "If you are using Pro API key, please change your root URL to pro-api.coingecko.com",
    10011: "If you are using Demo API key, please change your root URL to api.coingecko.com",
    10012: "Your request exceeds the allowed time range. Public API users are limited to querying historical data "
    "within the past 365 days. Upgrade to a paid plan to enjoy full historical data access: "
    "https://www.coingecko.com/en/api/pricing. ",
}


@dataclass(frozen=True)
class Fault:
    """What the next `count` calls, whose path contains `path`, get instead of their answer."""

    status: int
    count: int = 1
    path: str = ""
    retry_after: int = 60  # seconds, sent with 429
    error_code: int = 10012  # sent with 401
    body: str | None = None  # this text instead of CoinGecko's error body

    def __post_init__(self) -> None:
        """Refuse values of the wrong type, which come from outside."""
        numbers = (self.status, self.count, self.retry_after, self.error_code)
        if any(type(number) is not int for number in numbers):
            raise ValueError("status, count, retry_after and error_code are whole numbers")
        if not isinstance(self.path, str) or not isinstance(self.body, str | None):
            raise ValueError("path and body are texts")  # noqa: TRY004  # one error for all that is wrong with a value
        if not 200 <= self.status <= 599 or self.count < 1 or self.retry_after < 0:
            raise ValueError("status is 200 to 599, count 1 or more, retry_after 0 or more")

    def response(self) -> Response:
        """Return the answer that the fault stands for."""
        if self.body is not None:
            return Response(self.body, self.status)
        headers = {"Retry-After": str(self.retry_after)} if self.status == 429 else {}
        return Response(json.dumps(self._json()), self.status, headers, mimetype="application/json")

    def _json(self) -> dict[str, Any]:
        if self.status == 429:
            return {"status": {"error_code": 429, "error_message": MESSAGES[429]}}
        if self.status == 401:
            return key_error(self.error_code)
        if self.status == 404:
            return {"error": "coin not found"}
        if self.status >= 500:
            return {"status": self.status, "error": "Internal Server Error"}
        return {"error": "error on demand"}


def key_error(code: int) -> dict[str, Any]:
    """Return CoinGecko's body for a key that may not do this; 10012 stands one level deeper than the others."""
    status = {"status": {"error_code": code, "error_message": MESSAGES.get(code, "error")}}
    return {"error": status} if code == 10012 else status


class FaultBox:
    """The faults still to be served, oldest first; safe to share by threads."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Put a fault behind the others."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._faults.clear()

    def listed(self) -> list[Fault]:
        """Return the faults still to be served."""
        with self._lock:
            return list(self._faults)

    def take(self, path: str) -> Fault | None:
        """Use up one serving of the oldest fault that is meant for this path."""
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fault.path in path:
                    left = [replace(fault, count=fault.count - 1)] if fault.count > 1 else []
                    self._faults[index : index + 1] = left
                    return fault
        return None


def fault_api(box: FaultBox) -> Blueprint:
    """Return the admin path: POST adds a fault, GET lists what is left, DELETE forgets all."""
    api = Blueprint("faults", __name__)

    @api.post("/_simulator/faults")
    def add() -> tuple[Response, int]:
        given = request.get_json()
        known = {field.name for field in fields(Fault)}
        if not isinstance(given, dict) or not given.keys() <= known or "status" not in given:
            return jsonify(error=f"a fault is an object with status and any of {', '.join(sorted(known))}"), 400
        try:
            box.add(Fault(**given))
        except ValueError as error:
            return jsonify(error=str(error)), 400
        return listed(), 201

    @api.get("/_simulator/faults")
    def listed() -> Response:
        return jsonify([asdict(fault) for fault in box.listed()])

    @api.delete("/_simulator/faults")
    def clear() -> tuple[str, int]:
        box.clear()
        return "", 204

    return api
