"""HTTP as the probes speak it: one short call, its failure in one line."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from pipeline.errors import ServiceError

ANSWER_S = 10.0  # how long one operation may take


def call(
    method: str,
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
) -> httpx.Response:
    """Return the answer of one of the lake's own services; raise `ServiceError` when it is none or a refusal."""
    try:
        # trust_env off: these are our own addresses, which no proxy can reach.
        response = httpx.request(
            method, url, params=params, headers=headers, content=content, timeout=ANSWER_S, trust_env=False
        )
        return response.raise_for_status()
    except httpx.HTTPStatusError as error:
        raise ServiceError(f"{url}: {error.response.status_code} {error.response.text[:200]}") from None
    except httpx.HTTPError as error:
        raise ServiceError(f"{url}: {error or type(error).__name__}") from None
