"""What a market's refusal means: an HTTP answer in, the error of our tree out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from pipeline.errors import (
    FinalSourceError,
    RangeNotAllowedError,
    RateLimitedError,
    RetryableSourceError,
    SourceError,
    UnknownCoinError,
)

RATE_LIMIT_CODE = 429
RANGE_CODE = 10012  # not in CoinGecko's table of codes; sent with 401 for days older than 365

# CoinGecko's own codes: https://docs.coingecko.com/docs/errors-and-rate-limits
REMEDIES: Mapping[int, str] = {
    10002: "the API key is missing: set COINGECKO_API_KEY, or COINGECKO_TIER=keyless to go without one",
    10005: "the plan of this API key does not include this call: use another plan, or leave it to the other sources",
    10010: "this is a Pro key, but the call went to the public host: set COINGECKO_TIER=pro",
    10011: "this is a Demo key, but the call went to the Pro host: set COINGECKO_TIER=demo",
}
MAX_MESSAGE = 300


@dataclass(frozen=True)
class Call:
    """Which call an answer belongs to; `coin` is set where a 404 means that the coin is unknown."""

    source: str
    path: str
    coin: str | None = None


@dataclass(frozen=True)
class Refusal:
    """An answer that is not the data asked for; `body` is the JSON in it, None where there is none."""

    status: int
    headers: Mapping[str, str]
    body: object


def error_of(call: Call, refusal: Refusal, now: Callable[[], datetime]) -> SourceError:
    """Return the error that tells what went wrong and whether a retry can help."""
    code = error_code(refusal.body)
    message = error_message(refusal.body) or _reason(refusal.status)
    if RATE_LIMIT_CODE in {refusal.status, code}:
        return RateLimitedError(call.source, retry_after_s(refusal.headers.get("retry-after"), now))
    if refusal.status >= 500 or refusal.status == 408:
        return RetryableSourceError(call.source, f"{call.path} answered {refusal.status}: {message}")
    if code == RANGE_CODE:
        return RangeNotAllowedError(call.source, message)
    if code is not None and code in REMEDIES:
        return FinalSourceError(call.source, f"{REMEDIES[code]} (error {code}: {message})")
    if refusal.status == 404 and call.coin is not None:
        return UnknownCoinError(call.source, call.coin)
    return FinalSourceError(call.source, f"{call.path} answered {refusal.status}: {message}")


def error_code(body: object) -> int | None:
    """Return CoinGecko's `error_code`; `status` stands at the top level in some bodies and under `error` in others."""
    code = _status(body).get("error_code")
    return code if isinstance(code, int) else None


def error_message(body: object) -> str:
    """Return what the server said, in whichever of the markets' shapes; empty where it said nothing."""
    if not isinstance(body, Mapping):
        return ""
    error = body.get("error")
    nested = error if isinstance(error, Mapping) else {}
    said = (_status(body).get("error_message"), nested.get("message"), error, body.get("message"))
    text = next((part for part in said if isinstance(part, str)), "")
    return " ".join(text.split())[:MAX_MESSAGE]


def retry_after_s(value: str | None, now: Callable[[], datetime]) -> float | None:
    """Read a Retry-After header, seconds or an HTTP date; return seconds from now, None where it says nothing."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)  # "-0000" is read as a naive time
    return max(0.0, (aware - now()).total_seconds())


def excerpt(body: bytes) -> str:
    """Return the start of a body in a form that fits in one line of a message."""
    return json.dumps(body[:80].decode("utf-8", "replace"))


def _status(body: object) -> Mapping[str, object]:
    if not isinstance(body, Mapping):
        return {}
    for holder in (body, body.get("error")):
        if isinstance(holder, Mapping) and isinstance(holder.get("status"), Mapping):
            status: Mapping[str, object] = holder["status"]
            return status
    return {}


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "no message"
