"""From the settings to channels, each with a name that holds no secret."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx

from monitor.notifier.channels.base import Channel
from monitor.notifier.channels.log_channel import LogChannel
from monitor.notifier.channels.webhook import SCHEMES, WebhookChannel
from monitor.notifier.outbox import Recipient
from pipeline.errors import SettingsError
from pipeline.settings.notifications import CHANNELS, LOG, ChannelSetting
from pipeline.settings.values import Secret

HOST_IS_PUBLIC = {*SCHEMES, "mailto", "mailtos"}
"""Of these the host is a host. Of others, such as slack://TOKEN/..., it is a secret."""


def recipients(settings: Sequence[ChannelSetting]) -> list[Recipient]:
    """Return the channels' names: scheme and, where that is no secret, host; a number where two would be alike."""
    seen: Counter[str] = Counter()
    found = []
    for setting in settings:
        name = _shown(setting.url.reveal())
        seen[name] += 1
        found.append(Recipient(name if seen[name] == 1 else f"{name}#{seen[name]}", setting.accepts))
    return found


def open_channels(settings: Sequence[ChannelSetting]) -> list[Channel]:
    """Return a channel for each setting, in their order; no connection is made yet.

    Raises:
        SettingsError: there is no such kind of channel, or its address is incomplete.
    """
    return [_open(one.name, setting) for one, setting in zip(recipients(settings), settings, strict=True)]


def _open(name: str, setting: ChannelSetting) -> Channel:
    if setting.url.reveal() == LOG:
        return LogChannel(name)
    if urlsplit(setting.url.reveal()).scheme in SCHEMES:
        return _webhook(name, setting.url)
    # Only who needs it pays for it: the first address makes Apprise load its 190 services, a second and 25 MB.
    from monitor.notifier.channels.apprise_channel import AppriseChannel, open_service

    service = open_service(setting.url)
    if service is None:
        expected = "an address that Apprise knows and finds complete; a webhook of your own is webhooks://HOST/PATH"
        raise SettingsError(CHANNELS, name, expected)
    return AppriseChannel(name, setting.url, service)


def _webhook(name: str, url: Secret) -> WebhookChannel:
    try:
        has_host = bool(httpx.URL(url.reveal()).host)
    except httpx.InvalidURL:
        has_host = False
    if not has_host:
        raise SettingsError(CHANNELS, name, "webhooks://HOST/PATH, other characters than those of an address as %XX")
    return WebhookChannel(name, url)


def _shown(url: str) -> str:
    parts = urlsplit(url)
    if not parts.scheme:
        return LOG
    if parts.scheme not in HOST_IS_PUBLIC or not parts.hostname:
        return f"{parts.scheme}://"
    port = "" if _port(url) is None else f":{_port(url)}"
    return f"{parts.scheme}://{parts.hostname}{port}"


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        raise SettingsError(CHANNELS, urlsplit(url).scheme, "a port from 0 to 65535") from None
