"""Where alerts and alarms go, and from when on the pipeline's own state is an alarm."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.errors import SettingsError
from pipeline.settings import values as parse
from pipeline.settings.values import Reader, Secret

CHANNELS = "COINLAKE_ALERT_CHANNELS"
LOG = "log"
ALERTS, ALARMS = "alerts", "alarms"
SEPARATOR = re.compile(r"[\s,]+(?=(?:alerts=|alarms=)?(?:log(?:[\s,]|$)|[A-Za-z][\w+.-]*://))")
URL = re.compile(r"(?P<scheme>[A-Za-z][\w+.-]*)://\S+")


@dataclass(frozen=True)
class ChannelSetting:
    """One way to people: `log`, or an address that may hold passwords and tokens."""

    url: Secret
    accepts: str  # ALERTS, ALARMS or, for both, empty


@dataclass(frozen=True)
class AlarmBounds:
    """What is an alarm; `evaluations` in succession raise it, and as many good ones end it."""

    every_s: int  # between evaluations
    evaluations: int
    repeat_s: int  # an open alarm is told again so often; 0: never
    lag_records: int
    silence_s: int  # without a price, or a frame of the trade feed
    gap_s: int  # how long a gap may be open
    disk_bytes: int  # that have to be free


@dataclass(frozen=True)
class NotificationSettings:
    """The notifier's settings."""

    channels: tuple[ChannelSetting, ...]
    cooldown_s: int  # after an alert that was sent, none of the same source, product and type is for so long
    max_age_s: int  # an alert detected longer ago is not sent
    alarms: AlarmBounds


def read_notifications(reader: Reader) -> NotificationSettings:
    """Read the notifier's settings."""
    return NotificationSettings(
        channels=_channels(reader.secret(CHANNELS)),
        cooldown_s=reader.get("COINLAKE_NOTIFY_COOLDOWN_SECONDS", "0", parse.whole(0, 604_800)),
        max_age_s=reader.get("COINLAKE_NOTIFY_MAX_AGE_MINUTES", "60", parse.whole(1, 10_080)) * 60,
        alarms=_bounds(reader),
    )


def _bounds(reader: Reader) -> AlarmBounds:
    return AlarmBounds(
        every_s=reader.get("COINLAKE_ALARM_SECONDS", "10", parse.whole(1, 3600)),
        evaluations=reader.get("COINLAKE_ALARM_EVALUATIONS", "3", parse.whole(1, 1000)),
        repeat_s=reader.get("COINLAKE_ALARM_REPEAT_MINUTES", "60", parse.whole(0, 10_080)) * 60,
        lag_records=reader.get("COINLAKE_ALARM_LAG_RECORDS", "10000", parse.whole(1, 10**12)),
        silence_s=reader.get("COINLAKE_ALARM_SILENCE_MINUTES", "10", parse.whole(1, 10_080)) * 60,
        gap_s=reader.get("COINLAKE_ALARM_GAP_MINUTES", "10", parse.whole(1, 10_080)) * 60,
        disk_bytes=reader.get("COINLAKE_ALARM_DISK_GB", "3", parse.whole(1, 1_000_000)) * 1024**3,
    )


def _channels(given: Secret) -> tuple[ChannelSetting, ...]:
    """Cut the list at commas and line ends before another channel: an address may hold commas of its own."""
    lines = (line for line in given.reveal().splitlines() if not line.lstrip().startswith("#"))
    parts = SEPARATOR.split("\n".join(lines).strip(" \t\n,"))
    return tuple(_channel(part, number) for number, part in enumerate(filter(None, parts), 1)) or _channels(Secret(LOG))


def _channel(part: str, number: int) -> ChannelSetting:
    prefix, equals, rest = part.partition("=")
    accepts, url = (prefix, rest) if equals and prefix in {ALERTS, ALARMS} else ("", part)
    if url != LOG and not URL.fullmatch(url):
        expected = (
            "log or an address such as webhooks://host/path, with alerts= or alarms= before it where it takes one"
        )
        raise SettingsError(CHANNELS, f"(number {number} of the list)", expected)  # its value may be a secret
    return ChannelSetting(Secret(url), accepts)
