"""Bring Superset's database to what the settings and the bundle say; run by Superset's own Python before each start.

`python -m monitor.superset.provision`. Where nothing changed it is one look into the database. A run that is killed is
made good by the next one: the record is complete only after all of it.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import sys
from pathlib import Path

from monitor.superset.bundle import Bundle, render, united
from monitor.superset.bundle import removed as removed_from
from monitor.superset.record import Provisioned, Record, opened
from pipeline.errors import CoinlakeError, SettingsError
from pipeline.service_main import set_up_logging
from pipeline.settings import CHECKOUT, Settings, load_settings

log = logging.getLogger(__name__)

ADMIN = "admin"
LOCK_FILE = CHECKOUT / "requirements-superset.lock"
DATABASE_S = 120.0


def main() -> int:
    """Run the command line; return its exit code."""
    set_up_logging()
    try:
        settings = load_settings()
        require_secrets(settings)
        with opened(settings.serving.postgres, DATABASE_S) as record:
            log.info("%s", provision(settings, record))
    except SettingsError as error:
        log.error("refusing to run: %s", error)
        return os.EX_CONFIG
    except CoinlakeError as error:
        log.error("%s", error)
        return 1
    return 0


def require_secrets(settings: Settings) -> None:
    """Raise `SettingsError` unless Superset's two secrets are set."""
    superset = settings.serving.superset
    for name, secret in (
        ("SUPERSET_SECRET_KEY", superset.secret_key),
        ("SUPERSET_ADMIN_PASSWORD", superset.admin_password),
    ):
        if not secret:
            raise SettingsError(name, "", "a secret: pipeline_setup.sh --with serving makes one")


def provision(settings: Settings, record: Record) -> str:
    """Do what is not done yet; return in words what was done."""
    before, bundle = record.read(), render(settings)
    wanted = Provisioned(stamp_of(bundle, LOCK_FILE), password_mark(settings), bundle.uuids)
    if (before.stamp, before.password) == (wanted.stamp, wanted.password):
        return "nothing changed"
    # What is about to come is on record first: it would be found and deleted even if this run were killed halfway.
    began = united(before.uuids, bundle.uuids)
    record.write(Provisioned("", before.password, began))
    from monitor.superset import metadata

    with metadata.application():
        metadata.upgrade()
        metadata.ensure_admin(
            ADMIN,
            settings.serving.superset.admin_password,
            changed=before.password != wanted.password,
        )
        metadata.import_bundle(bundle, ADMIN)
        kept = metadata.delete(removed_from(began, bundle.uuids))
    record.write(Provisioned(wanted.stamp, wanted.password, united(bundle.uuids, kept)))
    return f"provisioned {', '.join(f'{len(uuids)} {kind}' for kind, uuids in bundle.uuids.items())}"


def stamp_of(bundle: Bundle, lock: Path) -> str:
    """Return a checksum of the bundle and of Superset's version."""
    return hashlib.sha256(bundle.digest.encode() + lock.read_bytes()).hexdigest()


def password_mark(settings: Settings) -> str:
    """Return a checksum by which a change of the admin's password in the settings is seen, and no guess is."""
    superset = settings.serving.superset
    key, password = superset.secret_key.reveal().encode(), superset.admin_password.reveal().encode()
    return hmac.new(key, password, hashlib.sha256).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
