"""What stands in front of both Flask apps, the scheduler and the simulator: token, host, and the answers' headers."""

from __future__ import annotations

from flask import Flask, Response, jsonify, make_response, request

from pipeline.settings import Settings
from pipeline.web_access import CHALLENGE, HEADERS, READING, is_own_host, own_names, token_matches

NEEDS_TOKEN = "this call needs the header 'Authorization: Bearer TOKEN' (COINLAKE_API_TOKEN)"  # noqa: S105  # says so
WRONG_HOST = (
    "this server is not called by this name: use an IP address or localhost, or add the name to COINLAKE_OWN_NAMES"
)


def guard(app: Flask, settings: Settings) -> None:
    """Refuse calls that write without the token (401), then those by a foreign name (403), before anything else."""
    names = own_names(settings)

    @app.before_request
    def refuse() -> Response | None:
        if request.method not in READING and not may_write(settings, request.headers.get("Authorization")):
            return make_response(jsonify(error=NEEDS_TOKEN), 401, CHALLENGE)
        if not is_own_host(request.headers.get("Host"), names):
            return make_response(jsonify(error=WRONG_HOST), 403)
        return None

    @app.after_request
    def forbid(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response


def may_write(settings: Settings, header: str | None) -> bool:
    """Tell whether an Authorization header lets its sender change anything."""
    return token_matches(header, settings.access.api_token)
