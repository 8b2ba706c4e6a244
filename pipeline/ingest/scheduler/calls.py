"""The calls of the scheduler's HTTP API, each stated once: the routes, the docs and the tests are held against this."""

from __future__ import annotations

from typing import Any

from pipeline.ingest.scheduler.checks import EARLIEST_DAY, MAX_NAME
from pipeline.ingest.scheduler.jobs import STATES
from pipeline.ingest.scheduler.openapi import Call, Content, Parameter, Schema, description
from pipeline.markets import LIVE, SIMULATOR

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
VERSION = "1"


def record(optional: tuple[str, ...] = (), **properties: Schema) -> Schema:
    """Return the schema of an object with these fields and no others; `from_` stands for the field `from`."""
    fields = {name.rstrip("_"): schema for name, schema in properties.items()}
    required = [name for name in fields if name not in optional]
    return {"type": "object", "properties": fields, "required": required, "additionalProperties": False}


def list_of(items: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": items}


TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
COUNT: Schema = {"type": "integer", "minimum": 0}
MS: Schema = {"type": "integer", "description": "ms since 1970"}
DAY: Schema = {"type": "string", "format": "date", "description": f"in UTC, from {EARLIEST_DAY} until today"}
DAY_OR_NULL: Schema = {**DAY, "type": ["string", "null"]}
COIN: Schema = {**TEXT, "description": "one of COINS, by CoinGecko's id or its symbol: bitcoin or btc"}
NAME: Schema = {**TEXT, "description": f"the file's, for display; up to {MAX_NAME} characters of it are kept"}
MARKET: Schema = {"enum": [LIVE, SIMULATOR]}
BYTES: Schema = {**TEXT, "format": "binary", "minLength": 1}

JOB = record(
    job_id=TEXT,
    coin=TEXT,
    from_=TEXT_OR_NULL,
    to=TEXT_OR_NULL,
    file=TEXT_OR_NULL,
    state={"enum": list(STATES)},
    done=COUNT,
    total=COUNT,
    events=COUNT,
    rejected=COUNT,
    error=TEXT_OR_NULL,
    message=TEXT_OR_NULL,
)
HEALTH = record(
    status={"const": "ok"},
    market=MARKET,
    market_setting=TEXT,
    market_reason=TEXT,
    trades_market=MARKET,
    trades_market_reason=TEXT,
    market_fault=TEXT_OR_NULL,
    jobs=record((), **dict.fromkeys(STATES, COUNT)),
)
EVENTS = record(events=list_of(record(coin=TEXT, event_time=MS, source=TEXT)))
SUBMITTED = Content(record(job_id=TEXT, coin=TEXT))
ANYTHING: Schema = {"type": "object"}

FOREIGN_NAME = {403: "called by a name that is not this server's"}
NO_TOKEN = {401: "without the token, or with a wrong one", **FOREIGN_NAME}
WRONG = {400: "it cannot be done; the text says why", **NO_TOKEN}
TOO_LARGE = {413: "the body is too large"}

CALLS = (
    Call("GET", "/", "the calls there are", Content({**ANYTHING, "additionalProperties": TEXT}), refusals=FOREIGN_NAME),
    Call("GET", "/openapi.json", "this description", Content(ANYTHING), refusals=FOREIGN_NAME),
    Call("GET", "/health", "the state, and both markets", Content(HEALTH), refusals=FOREIGN_NAME),
    Call("GET", "/metrics", "counters for Prometheus", Content(TEXT, METRICS_TYPE), refusals=FOREIGN_NAME),
    Call(
        "POST",
        "/poll",
        "poll the prices now",
        Content(EVENTS),
        refusals={
            **NO_TOKEN,
            409: "a poll is under way",
            502: "the market failed",
            503: "Kafka did not acknowledge the prices; they wait on disk and are sent later",
            504: "the market has not answered in time; the poll runs on",
        },
    ),
    Call(
        "POST",
        "/history",
        "fill in a coin's past, in a job",
        SUBMITTED,
        status=202,
        body=Content(record(("to",), coin=COIN, from_=DAY, to=DAY_OR_NULL)),
        refusals={**WRONG, **TOO_LARGE},
    ),
    Call(
        "POST",
        "/history/csv",
        "fill in a coin's past from the CSV file in the body, in a job",
        SUBMITTED,
        status=202,
        body=Content(BYTES, "text/csv"),
        parameters=(Parameter("coin", COIN), Parameter("name", NAME, required=False)),
        refusals={**WRONG, **TOO_LARGE, 507: "no space is left for the file"},
    ),
    Call(
        "POST",
        "/history/forget",
        "let what came from a source be loaded again, for one coin or all",
        Content(record(forgotten=COUNT)),
        body=Content(record(("coin",), source=TEXT, coin=TEXT_OR_NULL)),
        refusals={**WRONG, **TOO_LARGE},
    ),
    Call("GET", "/jobs", "the latest history jobs", Content(record(jobs=list_of(JOB))), refusals=FOREIGN_NAME),
    Call(
        "GET",
        "/jobs/{job_id}",
        "one history job",
        Content(JOB),
        parameters=(Parameter("job_id", TEXT, "path"),),
        refusals={404: "there is no such job", **FOREIGN_NAME},
    ),
)


def document() -> dict[str, Any]:
    """Return the API's OpenAPI description."""
    return description("Coinlake's scheduler", VERSION, CALLS)
