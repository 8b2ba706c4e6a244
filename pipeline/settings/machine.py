"""The machine: where Coinlake lives on it, and where its services listen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.services import PORT_OFFSETS
from pipeline.settings import values as parse
from pipeline.settings.values import Reader

CHECKOUT = Path(__file__).resolve().parents[2]
HIGHEST_OFFSET = max(PORT_OFFSETS.values())


@dataclass(frozen=True)
class Machine:
    """One machine's folders and ports."""

    home: Path
    port_base: int
    listen_host: str
    small: bool  # smaller heaps

    def port(self, name: str) -> int:
        """Return a port by its name, as a service's record has it."""
        return self.port_base + PORT_OFFSETS[name]

    @property
    def local_host(self) -> str:
        """The address under which this machine's services are reached from itself."""
        return "127.0.0.1" if self.listen_host == "0.0.0.0" else self.listen_host  # noqa: S104  # compared, not bound

    def local(self, name: str) -> str:
        """Return `HOST:PORT` at which this machine reaches one of its own services."""
        return f"{self.local_host}:{self.port(name)}"

    def url(self, name: str) -> str:
        """Return the local HTTP address of a service."""
        return f"http://{self.local(name)}"

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


def find_home(environ: Mapping[str, str]) -> Path:
    """Return the home that an environment names; no file can, since the settings' file lies in it."""
    return Path(environ.get("COINLAKE_HOME") or CHECKOUT / ".coinlake").expanduser().absolute()


def read_machine(reader: Reader, home: Path) -> Machine:
    """Read the settings of the machine that `home` is on."""
    return Machine(
        home=home,
        port_base=reader.get("COINLAKE_PORT_BASE", "18000", parse.whole(1024, 65535 - HIGHEST_OFFSET)),
        listen_host=reader.get("COINLAKE_LISTEN_HOST", "127.0.0.1", str),
        small=reader.get("COINLAKE_SMALL", "false", parse.flag),
    )
