"""What the set-up tells at its end: the market in use, every address, and what to do next."""

from __future__ import annotations

from pipeline.host.output_format import stage_line
from pipeline.scheduler_api import SchedulerApi
from pipeline.services import PAGES
from pipeline.verbs.console import Stages
from pipeline.verbs.run_config import Choices

NEXT_STEPS = (
    ("monitor/watch_kafka.sh", "see prices arrive, in a second terminal"),
    ("analysis/scripts/presto.sh", "ask SQL: SELECT * FROM iceberg.silver.coin_prices LIMIT 10"),
    ("pipeline/scripts/pipeline_status.sh", "what runs and what the tables hold"),
    ("pipeline/scripts/pipeline_down.sh", "stop it; the data stays"),
)


def announce_market(scheduler: SchedulerApi, stages: Stages) -> None:
    """Tell where the prices come from: loudly when they are simulated."""
    with stages.stage("market") as outcome:
        market = scheduler.market()
        outcome(f"market: {market.name} ({market.reason})")
    if market.name == "simulator":
        stages.loud(
            "SIMULATED PRICES: these are not market prices.",
            f"Why: {market.reason}.",
            "Every such row says so: source = 'simulator'.",
        )


def show_addresses(choices: Choices, stages: Stages) -> None:
    """Print the total time, every page's address and what to do next."""
    settings = choices.settings
    say = stages.say
    say(stage_line(stages.elapsed_s, "the lake is up"))
    say("")
    for service in PAGES:
        if service.name in choices.services:
            token = f"/lab?token={settings.notebook_token.reveal()}" if service.name == "notebook" else ""
            say(f"  {service.page:<15}{settings.url(service.serves_at)}{token}")
    say("")
    for command, aim in NEXT_STEPS:
        say(f"  {command:<38}{aim}")
