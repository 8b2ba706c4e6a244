"""All settings of Coinlake, read once from the environment into one typed, frozen object.

Each concern has a section, a frozen dataclass in a file of its own beside the function that reads it: a new one is a
file here, a field of `Settings` and its lines in `.env.example`. `Settings` itself is the machine plus the sections.
Only the standard library is used here: the preflight runs before anything is installed.
Values come from the environment, then from `$COINLAKE_HOME/.env`, then from the defaults in the code. Anything secret
may instead be named by a file: `COINLAKE_API_TOKEN_FILE=/run/secrets/token`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.settings.access import AccessSettings, read_access
from pipeline.settings.alerts import AlertSettings, read_alerts
from pipeline.settings.databricks import DatabricksSettings, read_databricks
from pipeline.settings.kafka import KafkaSettings, read_kafka
from pipeline.settings.lake import LakeSettings, read_lake
from pipeline.settings.machine import CHECKOUT, Machine, find_home, read_machine
from pipeline.settings.markets import MarketSettings, read_markets
from pipeline.settings.notifications import NotificationSettings, read_notifications
from pipeline.settings.serving import ServingSettings, read_serving
from pipeline.settings.topology import Topology, read_topology
from pipeline.settings.values import Reader, read_env_file

__all__ = ["CHECKOUT", "Machine", "Settings", "load_settings", "read_settings"]


@dataclass(frozen=True)
class Settings(Machine):
    """What every part of Coinlake agrees on.

    Times are in seconds, sizes in bytes unless the name says otherwise.
    """

    topology: Topology
    markets: MarketSettings
    kafka: KafkaSettings
    lake: LakeSettings
    alerts: AlertSettings
    notifications: NotificationSettings
    access: AccessSettings
    serving: ServingSettings
    databricks: DatabricksSettings


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; raise `SettingsError` naming the variable and its value when one cannot be used."""
    given = os.environ if environ is None else environ
    home = find_home(given)
    values = read_env_file(home / ".env") | {name: value for name, value in given.items() if value}
    return read_settings(Reader(values), home)


def read_settings(reader: Reader, home: Path) -> Settings:
    """Read each section; raise `SettingsError` as `load_settings` does."""
    machine = read_machine(reader, home)
    topology = read_topology(reader, machine)
    return Settings(
        **vars(machine),
        topology=topology,
        markets=read_markets(reader, machine, topology),
        kafka=read_kafka(reader, machine),
        lake=read_lake(reader, machine),
        alerts=read_alerts(reader),
        notifications=read_notifications(reader),
        access=read_access(reader),
        serving=read_serving(reader, machine),
        databricks=read_databricks(reader),
    )
