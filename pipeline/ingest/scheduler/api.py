"""The scheduler's HTTP API, over parts that are handed in; importing it does nothing."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from pipeline.errors import BadDataError, CoinlakeError, RequestError, ServiceError, SourceError
from pipeline.events.coin_prices import epoch_ms
from pipeline.ingest.guard import guard
from pipeline.ingest.scheduler.calls import CALLS, METRICS_TYPE, document
from pipeline.ingest.scheduler.checks import file_name, forget_order, history_order, known_coin
from pipeline.ingest.scheduler.jobs import JobStore, Order
from pipeline.ingest.scheduler.metrics import Metrics, figures_of_others
from pipeline.ingest.scheduler.polling import Poller
from pipeline.ingest.scheduler.uploads import Uploads
from pipeline.ingest.scheduler.worker import Worker
from pipeline.run_files import Markets
from pipeline.scheduler_api import POLL_LIMIT_S
from pipeline.settings import Settings

log = logging.getLogger(__name__)

MAX_JSON_BYTES = 64 * 1024


@dataclass(frozen=True)
class Deps:
    """What the API works with."""

    settings: Settings
    markets: Markets
    jobs: JobStore
    worker: Worker
    poller: Poller
    metrics: Metrics
    uploads: Uploads
    check_csv: Callable[[Path], object]  # raises BadDataError when the header is none that we know
    forget: Callable[[str, str | None], int]  # a source, a coin or all: what came from there can be loaded again
    today: Callable[[], date] = lambda: datetime.now(UTC).date()


def create_app(deps: Deps) -> Flask:
    """Return the API as a WSGI application."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_JSON_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined] # Flask types its provider by the base class
    _add_errors(app)
    guard(app, deps.settings)
    _add_reading_routes(app, deps)
    _add_writing_routes(app, deps)
    return app


def _add_reading_routes(app: Flask, deps: Deps) -> None:
    @app.get("/")
    def index() -> Response:
        return jsonify({call.name: f"{call.summary}{' (token)' if call.writes else ''}" for call in CALLS})

    @app.get("/openapi.json")
    def openapi() -> Response:
        return jsonify(document())

    @app.get("/health")
    def health() -> Response:
        fault = {"market_fault": deps.poller.silence()}
        return jsonify({"status": "ok", **deps.markets.to_json(), **fault, "jobs": deps.jobs.counts()})

    @app.get("/metrics")
    def metrics() -> Response:
        ours, others = deps.metrics.render(deps.jobs.counts()), figures_of_others(deps.settings.run_dir)
        return Response(ours + others, content_type=METRICS_TYPE)

    @app.get("/jobs")
    def jobs() -> Response:
        return jsonify({"jobs": [job.to_json() for job in deps.jobs.latest()]})

    @app.get("/jobs/<job_id>")
    def job(job_id: str) -> Response:
        found = deps.jobs.get(job_id)
        if found is None:
            raise RequestError(f"no job {job_id[:64]!r}", status=404)
        return jsonify(found.to_json())


def _add_writing_routes(app: Flask, deps: Deps) -> None:
    @app.post("/poll")
    def poll() -> Response:
        events = deps.poller.poll_within(POLL_LIMIT_S)
        return jsonify(
            {"events": [{"coin": e.coin, "event_time": epoch_ms(e.event_time), "source": e.source} for e in events]}
        )

    @app.post("/history")
    def history() -> tuple[Response, int]:
        order = history_order(_json_body(), deps.settings.markets.coins, deps.today())
        return _submitted(deps, order)

    @app.post("/history/csv")
    def history_csv() -> tuple[Response, int]:
        coin = known_coin(request.args.get("coin"), deps.settings.markets.coins)
        request.max_content_length = sys.maxsize  # the uploads have a limit of their own
        with deps.uploads.kept(request.stream) as sha256:
            order = Order(coin, sha256=sha256, name=file_name(request.args.get("name")))
            _check_upload(deps, order, deps.uploads.path(sha256))
            return _submitted(deps, order)

    @app.post("/history/forget")
    def forget() -> Response:
        source, coin = forget_order(_json_body())
        return jsonify({"forgotten": deps.forget(source, coin)})


def _submitted(deps: Deps, order: Order) -> tuple[Response, int]:
    return jsonify({"job_id": deps.worker.submit(order).job_id, "coin": order.coin}), 202


def _check_upload(deps: Deps, order: Order, path: Path) -> None:
    """Refuse a file whose header we do not know, before it becomes a job."""
    try:
        deps.check_csv(path)
    except BadDataError as error:
        raise RequestError(str(error).replace(str(path), order.name or path.name)) from error


def _json_body() -> Any:  # noqa: ANN401 - whatever the caller sent; history_order looks into it
    try:
        return json.loads(request.get_data())
    except (ValueError, RecursionError):  # 60 kB of "[" go deeper than Python does
        raise RequestError("the body is not JSON") from None


def _add_errors(app: Flask) -> None:
    @app.errorhandler(CoinlakeError)
    def ours(error: CoinlakeError) -> tuple[Response, int]:
        return _error(str(error), _status(error))

    @app.errorhandler(HTTPException)
    def werkzeug(error: HTTPException) -> tuple[Response, int]:
        answer, status = _error(error.description or error.name, error.code or 500)
        if isinstance(error, MethodNotAllowed):
            answer.allow.update(error.valid_methods or ())
        return answer, status

    @app.errorhandler(Exception)
    def fault(error: Exception) -> tuple[Response, int]:
        log.error("%s %s failed", request.method, request.path, exc_info=error)
        return _error("the scheduler failed at this call; its log has more", 500)


def _status(error: CoinlakeError) -> int:
    """Return the HTTP status of an error: the caller's fault, a market's, or Kafka's."""
    if isinstance(error, RequestError):
        return error.status
    if isinstance(error, SourceError):
        return 502
    return 503 if isinstance(error, ServiceError) else 500


def _error(message: str, status: int) -> tuple[Response, int]:
    return jsonify({"error": message}), status
