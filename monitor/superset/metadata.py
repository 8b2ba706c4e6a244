"""Superset's own functions on its metadata: tables, roles, the admin, the import and what an import never does."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import superset.app
from flask_migrate import upgrade as migrate

from monitor.superset.bundle import KINDS, Bundle
from pipeline.settings.values import Secret

log = logging.getLogger(__name__)


@contextmanager
def application() -> Iterator[None]:
    """Run what is inside within Superset's application."""
    with superset.app.create_app().app_context():
        yield


def upgrade() -> None:
    """Make or upgrade the tables, and bring the roles to what this version has."""
    from superset import appbuilder, security_manager

    migrate()
    appbuilder.add_permissions(update_perms=True)
    security_manager.sync_role_definitions()


def ensure_admin(name: str, password: Secret, *, changed: bool) -> None:
    """Make the admin; give an existing one the settings' password only where that has changed."""
    from superset import security_manager

    user = security_manager.find_user(username=name)
    if user is None:
        role = security_manager.find_role("Admin")
        security_manager.add_user(name, "Coinlake", "Admin", f"{name}@localhost", role, password.reveal())
    elif changed:
        security_manager.reset_password(user.id, password.reveal())


def import_bundle(bundle: Bundle, owner: str) -> None:
    """Import all of it in one transaction, over what has the same uuids."""
    from superset import security_manager
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.utils.core import override_user

    with override_user(security_manager.find_user(username=owner)):
        ImportAssetsCommand(dict(bundle.files)).run()


def delete(uuids: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Delete what has these uuids; return those that stay because a user's own chart or dataset needs them."""
    from superset import db
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.core import Database
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice

    models = dict(zip(KINDS, (Dashboard, Slice, SqlaTable, Database), strict=True))
    kept: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for kind, model in models.items():
        for uuid in uuids[kind]:
            found = db.session.query(model).filter_by(uuid=uuid).one_or_none()
            if found is None:
                continue
            if _is_used(found):
                log.warning("%s %s left the bundle and stays: something else uses it", kind, found)
                kept[kind].append(uuid)
                continue
            db.session.delete(found)
            db.session.flush()
    db.session.commit()
    return kept


def _is_used(found: object) -> bool:
    """Tell whether a dataset has charts, a database datasets, or a chart dashboards, that are still there."""
    from superset import db
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.core import Database
    from superset.models.slice import Slice

    if isinstance(found, SqlaTable):
        return bool(db.session.query(Slice).filter_by(datasource_id=found.id, datasource_type="table").count())
    if isinstance(found, Database):
        return bool(db.session.query(SqlaTable).filter_by(database_id=found.id).count())
    return isinstance(found, Slice) and bool(found.dashboards)
