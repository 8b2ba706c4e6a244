"""Make `$COINLAKE_HOME/.env` with random secrets at the first start; values that are there are never touched.

`python -m pipeline.engines.secrets [--cluster]`
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import CoinlakeError
from pipeline.settings import load_settings
from pipeline.settings.values import read_env_file

NAMES = ("COINLAKE_API_TOKEN", "COINLAKE_NOTEBOOK_TOKEN")
SERVING_NAMES = (
    "POSTGRES_PASSWORD",
    "POSTGRES_READER_PASSWORD",
    "S3_ACCESS_KEY",
    "S3_SECRET_KEY",
    "SUPERSET_SECRET_KEY",
    "SUPERSET_ADMIN_PASSWORD",
)
CLUSTER_NAMES = ("METASTORE_DB_PASSWORD", "KAFKA_CLUSTER_ID")
BYTES = {"KAFKA_CLUSTER_ID": 16}  # not a secret, but also generated once and the same for all
HEADER = """\
# Made at the first start, readable by you alone. Any setting of .env.example may be added here.
"""


def ensure(env_file: Path, names: Sequence[str] = NAMES) -> list[str]:
    """Add the secrets that the file does not hold yet, in one step; return their names."""
    held = read_env_file(env_file)
    missing = [name for name in names if name not in held and f"{name}_FILE" not in held]
    if missing:
        before = env_file.read_text(encoding="utf-8") if env_file.exists() else HEADER
        if not before.endswith("\n"):
            before += "\n"
        added = "".join(f"{name}={secrets.token_urlsafe(BYTES.get(name, 32))}\n" for name in missing)
        _replace(env_file, before + added)
    else:
        env_file.chmod(0o600)
    return missing


def _replace(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
    fresh.replace(file)


def main() -> int:
    """Run the command line; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.engines.secrets", description="Make what is missing.")
    parser.add_argument("--cluster", action="store_true", help="also what the machines of a cluster share")
    cluster = CLUSTER_NAMES if parser.parse_args().cluster else ()
    try:
        settings = load_settings()
        serving = SERVING_NAMES if settings.serving.enabled else ()
        ensure(settings.home / ".env", (*NAMES, *cluster, *serving))
    except CoinlakeError as error:
        print(f"secrets: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
