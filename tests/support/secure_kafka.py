"""A Kafka of the test's own that wants TLS and a password: one process, one listener, users of two SASL mechanisms."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import ServiceError
from pipeline.health.kafka_probe import round_trip
from pipeline.host.ports import is_free
from pipeline.settings import Settings, load_settings
from tests.support.waiting import wait_until

PORTS = range(25_000, 26_000)  # below those of the lakes under test and those for outgoing connections
START_S, STOP_S = 60.0, 10.0
CLUSTER_ID = "Y29pbmxha2UtdGVzdC0wMQ"  # 16 bytes in base64, as Kafka wants it

# What Azure Event Hubs calls its user, and a password of the shape of its connection strings.
PLAIN_USER = "$ConnectionString"
PLAIN_PASSWORD = "Endpoint=sb://hub.example/;SharedAccessKeyName=coinlake;SharedAccessKey=q7Yw+Z3/uK0pLrT5vXbN8g=="
SCRAM_USER, SCRAM_PASSWORD = "coinlake", "only-for-scram-4711"

JVM = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:ReservedCodeCacheSize=48m")
LOGGING = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",)
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "2")
PLAIN_MODULE = "org.apache.kafka.common.security.plain.PlainLoginModule required"
SCRAM_MODULE = "org.apache.kafka.common.security.scram.ScramLoginModule required"


@dataclass(frozen=True)
class SecureKafka:
    """The running broker; its folder holds certificates, data and log."""

    folder: Path
    port: int

    def environ(self, password: str = PLAIN_PASSWORD, **changes: str) -> dict[str, str]:
        """Return the settings that a user would make for this Kafka: `$ConnectionString`, its password in a file."""
        file = self.folder / f"password-{abs(hash(password))}"
        file.write_text(f"{password}\n", encoding="utf-8")
        return {
            "COINLAKE_HOME": str(self.folder / "home"),
            "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{self.port}",
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_USERNAME": PLAIN_USER,
            "KAFKA_SASL_PASSWORD_FILE": str(file),
            "KAFKA_SSL_CA_FILE": str(self.folder / "ca.pem"),
            **changes,
        }

    def settings(self, password: str = PLAIN_PASSWORD, **changes: str) -> Settings:
        """Return the settings that are read from `environ`."""
        return load_settings(self.environ(password, **changes))

    def log(self) -> str:
        """Return what the broker and its formatting wrote."""
        return (self.folder / "kafka.log").read_text(encoding="utf-8", errors="replace")


@contextmanager
def secure_kafka(jars: Path, folder: Path) -> Iterator[SecureKafka]:
    """Run a broker from the jars of a lake, whole, and leave no process of it behind.

    It takes records when the block begins; its folder has a home of the settings' own with the same jars.
    """
    make_certificates(folder)
    (folder / "home").mkdir()
    (folder / "home" / "jars").symlink_to(jars)
    port, controller_port = [port for port in PORTS if is_free("127.0.0.1", port)][:2]
    config = folder / "server.properties"
    config.write_text(server_properties(folder, port, controller_port), encoding="utf-8")
    java = ("java", *JVM, *LOGGING, "-cp", f"{jars / 'kafka'}/*")
    with (folder / "kafka.log").open("wb") as log:
        user = f"SCRAM-SHA-512=[name={SCRAM_USER},password={SCRAM_PASSWORD}]"
        form = ("format", "--standalone", "-t", CLUSTER_ID, "-c", str(config), "--add-scram", user)
        subprocess.run([*java, "kafka.tools.StorageTool", *form], check=True, stdout=log, stderr=log, timeout=START_S)
        broker = subprocess.Popen([*java, "kafka.Kafka", str(config)], stdout=log, stderr=log)
    try:
        kafka = SecureKafka(folder, port)
        wait_until(lambda: is_ready(broker, kafka), START_S, "Kafka with SASL_SSL")
        yield kafka
    finally:
        stop(broker)


def is_ready(broker: subprocess.Popen[bytes], kafka: SecureKafka) -> bool:
    """Tell whether the broker takes a record and gives it back, by the lake's own probe."""
    assert broker.poll() is None, kafka.log()
    try:
        round_trip(kafka.settings())
    except ServiceError:
        return False
    return True


def stop(broker: subprocess.Popen[bytes]) -> None:
    """End the broker, by force where asking does not do."""
    broker.terminate()
    try:
        broker.wait(STOP_S)
    except subprocess.TimeoutExpired:
        broker.kill()
        broker.wait()


def make_certificates(folder: Path) -> None:
    """Make a CA, and a certificate of 127.0.0.1 that it signed; `server.pem` holds the key and both certificates."""
    authority = (*NEW_KEY, "-subj", "/CN=Coinlake test CA", "-keyout", "ca.key", "-out", "ca.pem")
    names = ("-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE")
    server = (*NEW_KEY, "-subj", "/CN=127.0.0.1", *names, "-keyout", "server.key", "-out", "server.crt")
    for words in (authority, ("-CA", "ca.pem", "-CAkey", "ca.key", *server)):
        subprocess.run(["openssl", "req", "-x509", *words], cwd=folder, check=True, capture_output=True)
    parts = [(folder / name).read_text() for name in ("server.key", "server.crt", "ca.pem")]
    (folder / "server.pem").write_text("".join(parts))


def server_properties(folder: Path, port: int, controller_port: int) -> str:
    """Return the broker's configuration; the broker itself logs in at its own listener, as `broker`."""
    users = f'username="broker" password="broker-only" user_broker="broker-only" user_{PLAIN_USER}="{PLAIN_PASSWORD}"'
    return f"""
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller_port}
listeners=SASL_SSL://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
listener.security.protocol.map=SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=SASL_SSL
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config={PLAIN_MODULE} {users};
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={SCRAM_MODULE};
ssl.keystore.type=PEM
ssl.keystore.location={folder}/server.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/ca.pem
log.dirs={folder}/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=8388608
log.index.size.max.bytes=1048576
num.io.threads=2
num.network.threads=2
"""
