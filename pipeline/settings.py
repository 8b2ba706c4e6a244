"""All settings of Coinlake, read once from the environment into one typed, frozen object.

Only the standard library is used here: the preflight runs before anything is installed.
Values come from the environment, then from `$COINLAKE_HOME/.env`, then from the defaults below. Anything secret may
instead be named by a file: `COINLAKE_API_TOKEN_FILE=/run/secrets/token`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from pipeline import setting_values as parse
from pipeline.errors import SettingsError
from pipeline.markets import LIVE, SIMULATOR, Exchange, read_exchange
from pipeline.services import PORT_OFFSETS
from pipeline.setting_values import Reader, Secret, read_env_file
from pipeline.topology import Topology, read_topology

CHECKOUT = Path(__file__).resolve().parent.parent

SIMULATOR_PORTS = ("simulator", "simulator_feed")
HIGHEST_OFFSET = max(PORT_OFFSETS.values())
DEFAULT_PORT_BASE = 18000
DEFAULT_COINS = "bitcoin,ethereum,solana,ripple,dogecoin"
DEFAULT_PRODUCTS = "BTC-USD,ETH-USD,SOL-USD,XRP-USD,DOGE-USD"
PRODUCT_ID = re.compile(r"[A-Z0-9]{1,20}-[A-Z0-9]{1,20}")
COMPRESSIONS = ("none", "gzip", "snappy", "lz4", "zstd")
COIN_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")  # CoinGecko's ids are lower-case slugs


@dataclass(frozen=True)
class KafkaSecurity:
    """How a client proves itself to Kafka; `PLAINTEXT` needs nothing else."""

    protocol: str  # PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL
    mechanism: str  # PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512
    username: str
    password: Secret
    ca_file: str  # PEM; empty: the system's


@dataclass(frozen=True)
class AlertRule:
    """Raise an alert when a price moves by `percent` or more within `window_s` seconds, up or down."""

    window_s: int
    percent: Decimal


@dataclass(frozen=True)
class Settings:
    """What every part of Coinlake agrees on.

    Times are in seconds, sizes in bytes unless the name says otherwise.
    """

    home: Path
    port_base: int
    listen_host: str
    market: str  # auto, live or simulator: what the user asked for
    small: bool
    coins: tuple[str, ...]
    poll_s: int
    csv_max_bytes: int  # the largest file that POST /history/csv takes
    coingecko_url: str
    coingecko_tier: str  # keyless, demo or pro
    coingecko_api_key: Secret
    coinmetrics_url: str
    exchange: Exchange
    products: tuple[str, ...]
    spool_max_bytes: int  # how much the trade producer, and the scheduler, each keep on disk while Kafka is away
    topic_max_bytes: int  # how large each Kafka topic may get before its oldest records are deleted
    alert_rules: tuple[AlertRule, ...]
    alert_cooldown_s: int  # after an alert, this long none of the same product and type
    kafka_security: KafkaSecurity
    kafka_compression: str  # of what is sent: none, gzip, snappy, lz4 or zstd
    kafka_bootstrap: str
    hdfs_uri: str
    hdfs_http_url: str
    metastore_uri: str
    presto_url: str
    spark_master: str
    topology: Topology
    api_token: Secret
    notebook_token: Secret

    def port(self, name: str) -> int:
        """Return a port by its name, as a service's record has it."""
        return self.port_base + PORT_OFFSETS[name]

    @property
    def local_host(self) -> str:
        """The address under which this machine's services are reached from itself."""
        return reached_at(self.listen_host)

    def url(self, name: str) -> str:
        """Return the local HTTP address of a service."""
        return f"http://{self.local_host}:{self.port(name)}"

    @property
    def simulator_url(self) -> str:
        """The HTTP address of the simulator, which may run on another machine."""
        return str(self.exchange.simulator.rest_url)

    @property
    def warehouse(self) -> str:
        """The HDFS folder that holds every table's files."""
        return f"{self.hdfs_uri}/warehouse"

    def table_location(self, schema: str, name: str) -> str:
        """Return the HDFS folder of a table's files."""
        return f"{self.warehouse}/{schema}.db/{name}"

    @property
    def removal_requests(self) -> str:
        """The HDFS folder in which the Spark job is asked to remove a source's rows."""
        return f"{self.hdfs_uri}/requests/remove_source"

    @property
    def checkpoints(self) -> str:
        """The HDFS folder that holds the streams' checkpoints."""
        return f"{self.hdfs_uri}/checkpoints"

    @property
    def data_dir(self) -> Path:
        """The local folder of the engines' and the scheduler's data."""
        return self.home / "data"

    @property
    def notebook_dir(self) -> Path:
        """The local folder of the user's notebooks; a purge leaves it."""
        return self.home / "notebooks"

    @property
    def log_dir(self) -> Path:
        """The local folder of every service's log."""
        return self.home / "logs"

    @property
    def run_dir(self) -> Path:
        """The local folder of what describes the running lake: the supervisor's socket, the market in use."""
        return self.home / "run"

    @property
    def conf_dir(self) -> Path:
        """The local folder of the rendered engine configuration."""
        return self.home / "conf"

    @property
    def jar_dir(self) -> Path:
        """The local folder of the engines' jars, one folder a set (kafka, hadoop, spark, presto)."""
        return self.home / "jars"


def reached_at(listen_host: str) -> str:
    """Return the address at which a service is reached that listens on `listen_host`."""
    return "127.0.0.1" if listen_host == "0.0.0.0" else listen_host  # noqa: S104  # compared, not bound


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; raise `SettingsError` naming the variable and its value when one cannot be used."""
    given = os.environ if environ is None else environ
    home = Path(given.get("COINLAKE_HOME") or CHECKOUT / ".coinlake").expanduser().absolute()
    values = {**read_env_file(home / ".env"), **{name: value for name, value in given.items() if value}}
    reader = Reader(values)
    base = reader.get("COINLAKE_PORT_BASE", str(DEFAULT_PORT_BASE), _port_base)
    host = reader.get("COINLAKE_LISTEN_HOST", "127.0.0.1", str)

    topology = read_topology(reader, reached_at(host))

    def local(name: str) -> str:
        return f"{reached_at(host)}:{base + PORT_OFFSETS[name]}"

    return Settings(
        home=home,
        port_base=base,
        listen_host=host,
        market=reader.get("COINLAKE_MARKET", "auto", parse.one_of("auto", LIVE, SIMULATOR)),
        small=reader.get("COINLAKE_SMALL", "false", parse.flag),
        coins=reader.get("COINS", DEFAULT_COINS, _coins),
        poll_s=reader.get("COINLAKE_POLL_SECONDS", "60", parse.whole(1, 86_400)),
        csv_max_bytes=reader.get("COINLAKE_CSV_MAX_MB", "1024", parse.whole(1, 100_000)) * 1024 * 1024,
        coingecko_url=reader.get("COINGECKO_URL", "", parse.optional_http_url),
        coingecko_tier=reader.get("COINGECKO_TIER", "keyless", parse.one_of("keyless", "demo", "pro")),
        coingecko_api_key=reader.secret("COINGECKO_API_KEY"),
        coinmetrics_url=reader.get("COINMETRICS_URL", "https://community-api.coinmetrics.io/v4", parse.http_url),
        exchange=read_exchange(
            reader, *(f"{topology.simulator_host}:{base + PORT_OFFSETS[name]}" for name in SIMULATOR_PORTS)
        ),
        products=reader.get("COINBASE_PRODUCTS", DEFAULT_PRODUCTS, _products),
        spool_max_bytes=reader.get("COINLAKE_SPOOL_MAX_MB", "1024", parse.whole(1, 1_000_000)) * 1024 * 1024,
        topic_max_bytes=reader.get("COINLAKE_TOPIC_MAX_GB", "1", parse.whole(1, 1_000_000)) * 1024**3,
        alert_rules=reader.get("COINLAKE_ALERT_RULES", "60:2,300:5", _alert_rules),
        alert_cooldown_s=reader.get("COINLAKE_ALERT_COOLDOWN_SECONDS", "300", parse.whole(0, 86_400)),
        kafka_security=_kafka_security(reader),
        kafka_compression=reader.get("KAFKA_COMPRESSION", "zstd", parse.one_of(*COMPRESSIONS)),
        kafka_bootstrap=reader.get("KAFKA_BOOTSTRAP_SERVERS", local("kafka"), parse.host_ports),
        hdfs_uri=reader.get("HDFS_URI", f"hdfs://{local('namenode')}", parse.uri("hdfs")),
        hdfs_http_url=reader.get("HDFS_HTTP_URL", f"http://{local('namenode_http')}", parse.http_url),
        metastore_uri=reader.get("METASTORE_URI", f"thrift://{local('metastore')}", parse.uri("thrift")),
        presto_url=reader.get("PRESTO_URL", f"http://{local('presto')}", parse.http_url),
        # More task slots than cores: a compaction's task runs for seconds, and batches must not wait for its slot.
        spark_master=reader.get("SPARK_MASTER", "local[4]", str),
        topology=topology,
        api_token=reader.secret("COINLAKE_API_TOKEN"),
        notebook_token=reader.secret("COINLAKE_NOTEBOOK_TOKEN"),
    )


def _kafka_security(reader: Reader) -> KafkaSecurity:
    protocol = reader.get(
        "KAFKA_SECURITY_PROTOCOL", "PLAINTEXT", parse.one_of("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
    )
    security = KafkaSecurity(
        protocol=protocol,
        mechanism=reader.get("KAFKA_SASL_MECHANISM", "PLAIN", parse.one_of("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")),
        username=reader.get("KAFKA_SASL_USERNAME", "", str),
        password=reader.secret("KAFKA_SASL_PASSWORD"),
        ca_file=reader.get("KAFKA_SSL_CA_FILE", "", parse.readable_file),
    )
    if protocol.startswith("SASL") and not (security.username and security.password):
        raise SettingsError(
            "KAFKA_SECURITY_PROTOCOL", protocol, "used with KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD or its _FILE"
        )
    return security


def _port_base(value: str) -> int:
    return parse.whole(1024, 65535 - HIGHEST_OFFSET)(value)


def _coins(value: str) -> tuple[str, ...]:
    coins = tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
    if not coins or any(not COIN_ID.fullmatch(coin) for coin in coins):
        raise ValueError("a comma list of CoinGecko ids such as bitcoin,ethereum")
    return coins


def _products(value: str) -> tuple[str, ...]:
    products = tuple(dict.fromkeys(part.strip().upper() for part in value.split(",") if part.strip()))
    if not products or any(not PRODUCT_ID.fullmatch(product) for product in products):
        raise ValueError("a comma list of Coinbase products such as BTC-USD,ETH-USD")
    return products


def _alert_rules(value: str) -> tuple[AlertRule, ...]:
    return tuple(_alert_rule(part.strip()) for part in value.split(",") if part.strip())


def _alert_rule(text: str) -> AlertRule:
    window, _, percent = text.partition(":")
    expected = "SECONDS:PERCENT pairs such as 60:2,300:5; windows from 1 to 3600, percents from 0.01 to 99"
    try:
        rule = AlertRule(int(window), Decimal(percent))
    except (ValueError, InvalidOperation):
        raise ValueError(expected) from None
    if not (1 <= rule.window_s <= 3600 and rule.percent.is_finite() and Decimal("0.01") <= rule.percent <= 99):
        raise ValueError(expected)
    return rule
