"""HTTP among the lake's own services: never by way of the environment's proxy, which cannot reach them."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

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
        with own_client(timeout=ANSWER_S) as client:
            response = client.request(method, url, params=params, headers=headers, content=content)
        return response.raise_for_status()
    except httpx.HTTPStatusError as error:
        raise ServiceError(f"{url}: {error.response.status_code} {error.response.text[:200]}") from None
    except httpx.HTTPError as error:
        raise ServiceError(f"{url}: {error or type(error).__name__}") from None


def own_client(
    *,
    timeout: float,
    base_url: str = "",
    headers: Mapping[str, str] | None = None,
    transport: httpx.BaseTransport | None = None,
) -> httpx.Client:
    """Return a client for the lake's own services; `transport` is for tests."""
    return httpx.Client(base_url=base_url, headers=headers, timeout=timeout, transport=transport, trust_env=False)


def is_near(url: str) -> bool:
    """Tell whether a server is on this machine or in its own network: a private address, or a name without a dot."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host
