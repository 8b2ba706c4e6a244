"""What the set-up tells at its end: the market in use, every address, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from pipeline.host.output_format import stage_line
from pipeline.markets import SIMULATOR
from pipeline.scheduler_api import SchedulerApi
from pipeline.services import PAGES, Service
from pipeline.settings import Settings
from pipeline.verbs.console import Stages
from pipeline.verbs.run_config import Choices

NEXT_STEPS = (
    ("monitor/watch_kafka.sh", "see prices arrive, in a second terminal"),
    ("analysis/scripts/presto.sh", "ask SQL, such as SELECT * FROM latest_prices;"),
    ("pipeline/scripts/pipeline_status.sh", "what runs and what the tables hold"),
    ("pipeline/scripts/pipeline_down.sh", "stop it; the data stays"),
)

DASHBOARD = "/superset/dashboard/bitcoin-live/"


def announce_market(scheduler: SchedulerApi, stages: Stages) -> None:
    """Say where prices and trades come from: loudly when either is simulated."""
    with stages.stage("market") as outcome:
        market = scheduler.market()
        outcome(f"market of prices: {market.name} ({market.reason})")
    stages.say(stage_line(0.0, f"market of trades: {market.trades} ({market.trades_reason})"))
    both = (("PRICES", market.name, market.reason), ("TRADES", market.trades, market.trades_reason))
    simulated = {what: reason for what, kind, reason in both if kind == SIMULATOR}
    if simulated:
        stages.loud(
            f"SIMULATED {' AND '.join(simulated)}: these are not the market's.",
            *(f"Why: {reason}." for reason in dict.fromkeys(simulated.values())),
            f"Every such row says so: source = '{SIMULATOR}'.",
        )


def serving_addresses(choices: Choices) -> Iterator[tuple[str, str, str]]:
    """Yield what serves gold, its address as a client of this machine uses it, and the names of the secrets to it.

    Our own servers are shown at the ports of this machine, by which they are reached from outside of a container, too.
    """
    settings, serving = choices.settings, choices.settings.serving
    postgres, endpoint = urlsplit(serving.postgres.url).netloc, serving.bucket.endpoint
    if "serving-postgres" in choices.services:
        postgres = settings.local("serving_postgres")
    if "serving-s3" in choices.services:
        endpoint = settings.url("serving_s3")
    reader = f"postgresql://{serving.postgres.reader}@{postgres}/{serving.postgres.database}"
    yield "PostgreSQL", reader, "POSTGRES_READER_PASSWORD"
    yield "S3 bucket", f"{endpoint}/{serving.bucket.name}", "S3_ACCESS_KEY, S3_SECRET_KEY"


def show_addresses(choices: Choices, stages: Stages) -> None:
    """Print the total time, every page's address and what to do next."""
    settings = choices.settings
    say = stages.say
    say(stage_line(stages.elapsed_s, "the lake is up"))
    say("")
    for service in PAGES:
        if service.name in choices.services:
            say(f"  {service.page:<15}{settings.url(service.serves_at)}{_path(service, settings)}")
    if settings.serving.enabled:
        for name, address, secret in serving_addresses(choices):
            say(f"  {name:<15}{address}   ({secret} in {settings.home / '.env'})")
    say("")
    for command, aim in NEXT_STEPS:
        say(f"  {command:<38}{aim}")


def _path(service: Service, settings: Settings) -> str:
    """Return what follows a page's address, and how to log in."""
    if service.name == "notebook":
        return f"/lab?token={settings.access.notebook_token.reveal()}"
    if service.name == "superset":
        return f"{DASHBOARD}   (user admin, SUPERSET_ADMIN_PASSWORD in {settings.home / '.env'})"
    return ""
