"""Channels: what is sent, to real servers, and that no name, error or log shows a secret."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Sequence

import pytest

from monitor.notifier.channels.base import Message
from monitor.notifier.channels.opening import open_channels, recipients
from monitor.notifier.errors import RefusedMessageError, RetryableChannelError
from monitor.notifier.outbox import Delivery, Recipient
from pipeline.errors import SettingsError
from pipeline.settings import load_settings
from pipeline.settings.notifications import ChannelSetting
from pipeline.settings.values import Secret
from tests.support.notices import event
from tests.support.webhook import Receiver

# Apprise loads the clients of all its services, one of which is old.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


def settings(*urls: str) -> Sequence[ChannelSetting]:
    return [ChannelSetting(Secret(url), "") for url in urls]


def message(*, interrupted: bool = False) -> Message:
    return Message.of(Delivery(1, "alarm:a:1:0", event("alarm:a:1:0").body(), 1, 0.0, interrupted))


def test_a_webhook_gets_the_key_the_json_and_the_password_of_its_address(hook: Receiver) -> None:
    (channel,) = open_channels(settings(hook.url.replace("://", "://user:secret@")))
    channel.send(message())
    channel.close()
    (request,) = hook.requests
    assert request.key == request.body["id"] == "alarm:a:1:0"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Authorization"] == "Basic dXNlcjpzZWNyZXQ="
    assert (request.body["kind"], request.body["title"]) == ("alarm", "title of alarm:a:1:0")


def test_a_message_that_may_be_a_repeat_says_so_to_people_and_keeps_its_bytes() -> None:
    first, again = message(), message(interrupted=True)
    assert again.text == f"{first.text} (May be a repeat: a crash cut the last attempt.)"
    assert again.body == first.body


def test_the_log_has_a_line(caplog: pytest.LogCaptureFixture) -> None:
    (channel,) = open_channels(settings("log"))
    with caplog.at_level(logging.INFO):
        channel.send(message())
    assert caplog.messages == ["title of alarm:a:1:0: text of alarm:a:1:0 [alarm:a:1:0]"]


def test_apprise_delivers_what_it_knows(hook: Receiver) -> None:
    (channel,) = open_channels(settings(hook.url.replace("webhook", "json")))
    channel.send(message())
    channel.close()
    (request,) = hook.requests
    assert (request.body["title"], request.body["message"]) == ("title of alarm:a:1:0", "text of alarm:a:1:0")
    assert request.body["type"] == "failure"


def test_what_apprise_could_not_send_is_retried_and_says_why_without_the_secret(
    hook: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    hook.answers = [(500, {})] * 9
    (channel,) = open_channels(settings(hook.url.replace("webhook://", "json://user:geheim@") + "/token"))
    with pytest.raises(RetryableChannelError, match="error=500") as raised:
        channel.send(message())
    assert [word for word in ("geheim", "token") if word in str(raised.value) + caplog.text] == []


def test_mail_goes_by_apprise(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []

    class Server:
        def __init__(self, *_arguments: object, **_named: object) -> None: ...
        def login(self, *_arguments: object) -> None: ...
        def quit(self) -> None: ...
        def sendmail(self, _sender: str, to: Sequence[str], text: str) -> None:
            sent.append(f"{to} {text}")

    monkeypatch.setattr(smtplib, "SMTP", Server)
    (channel,) = open_channels(settings("mailto://me:pass@mail.example.org?to=duty@example.org&mode=insecure"))
    channel.send(message())
    assert "duty@example.org" in sent[0]
    assert "Subject: title of alarm:a:1:0" in sent[0]


def test_a_refusal_names_channel_and_status(hook: Receiver) -> None:
    hook.answers = [(410, {})]
    (channel,) = open_channels(settings(hook.url))
    with pytest.raises(RefusedMessageError, match=r"webhook://127.0.0.1:\d+: answered 410"):
        channel.send(message())


def test_names_are_scheme_and_host_where_that_is_no_secret() -> None:
    urls = ("log", "webhooks://user:pass@h.example:8443/token", "webhooks://h.example:8443/other", SLACK,
            "mailtos://u:p@example.org?to=a@b.c", "LOG://x")  # fmt: skip
    assert recipients(settings(*urls)) == [
        Recipient(name)
        for name in ("log", "webhooks://h.example:8443", "webhooks://h.example:8443#2", "slack://",
                     "mailtos://example.org", "log://")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "url", ["nonsense://geheim", "slack://geheim", "webhook://", "webhook:///geheim", "webhook://h:99999/geheim",
            "webhook://h/geheim\x01", "https://example.org/geheim"],
)  # fmt: skip
def test_an_address_that_cannot_be_used_is_refused_without_being_shown(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(SettingsError, match="COINLAKE_ALERT_CHANNELS") as raised:
        open_channels(settings(url))
    # pytest listens to loggers that do not propagate, too; the process's own log is read in test_notifier_process.py.
    ours = [record.getMessage() for record in caplog.records if record.name != "apprise"]
    assert [text for text in (str(raised.value), *ours) if "geheim" in text] == []


def test_an_address_of_a_service_is_recognised_by_apprise() -> None:
    (channel,) = open_channels(
        settings("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ")
    )
    assert channel.name == "https://"


def test_opening_the_default_loads_no_apprise() -> None:
    (channel,) = open_channels(load_settings({"COINLAKE_HOME": "/nowhere"}).notifications.channels)
    assert channel.name == "log"
