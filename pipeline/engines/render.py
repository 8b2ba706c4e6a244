"""Render the engines' configuration: `templates/X.j2` becomes `$COINLAKE_HOME/conf/X`.

A file whose text would not change is left alone. The supervisor renders before each start; a container does by
`python -m pipeline.engines.render [--foreground] [SERVICE...]`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from pipeline.engines import memory
from pipeline.engines.local_services import services_here
from pipeline.errors import CoinlakeError
from pipeline.host.exposure import exposures
from pipeline.services import BY_NAME, SERVICES
from pipeline.settings import CHECKOUT, Settings, load_settings

TEMPLATES = Path(__file__).resolve().parent / "templates"
SUFFIX = ".j2"

# What Presto 0.287, made for Java 8, reaches into by reflection.
OPENED_PACKAGES = (
    "java.base/java.io",
    "java.base/java.lang",
    "java.base/java.lang.ref",
    "java.base/java.lang.reflect",
    "java.base/java.net",
    "java.base/java.nio",
    "java.base/java.security",
    "java.base/java.text",
    "java.base/java.util",
    "java.base/java.util.concurrent",
    "java.base/java.util.concurrent.atomic",
    "java.base/java.util.regex",
    "java.base/javax.security.auth",
    "java.base/javax.security.auth.login",
    "java.base/jdk.internal.loader",
    "java.base/jdk.internal.ref",
    "java.base/jdk.internal.reflect",
    "java.base/sun.nio.ch",
    "java.base/sun.security.action",
    "java.management/sun.management",
    "jdk.management/com.sun.management.internal",
)


def render_all(settings: Settings, services: Sequence[str] | None = None, *, foreground: bool = False) -> list[Path]:
    """Render every template; return the files whose text changed.

    `services` are those that supervisord shall run, by default all that belong on this machine; in the foreground
    their output becomes its own. Raises `ExposedError` where they would be open to a network that may not be private.
    """
    if exposure := next(exposures(settings), None):
        raise exposure
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,  # a misspelt name stops the start and does not render as nothing
        autoescape=select_autoescape([f"xml{SUFFIX}"]),
        keep_trailing_newline=True,
    )
    chosen = services_here(settings) if services is None else services
    values = {**context(settings), "services": chosen, "foreground": foreground}
    changed = []
    for name in sorted(environment.list_templates(extensions=[SUFFIX.removeprefix(".")])):
        target = settings.conf_dir / name.removesuffix(SUFFIX)
        if write_if_changed(target, environment.get_template(name).render(values)):
            changed.append(target)
    return changed


def context(settings: Settings) -> Mapping[str, Any]:
    """Return what templates may use."""
    return {
        "settings": settings,
        "host": settings.listen_host,
        "reach": settings.topology.advertised_host,
        "topology": settings.topology,
        "all_services": SERVICES,
        "records": BY_NAME,
        "is_root": os.getuid() == 0,
        "variables": variables(settings),
        "port": settings.port,
        "home": settings.home,
        "data": settings.data_dir,
        "conf": settings.conf_dir,
        "jars": settings.jar_dir,
        "logs": settings.log_dir,
        "run": settings.run_dir,
        "checkout": CHECKOUT,
        "hdfs_authority": urlsplit(settings.lake.hdfs_uri).netloc,
        "heap": partial(memory.heap, small=settings.small),
        "heap_mb": partial(memory.heap_mb, small=settings.small),
        "opened_packages": OPENED_PACKAGES,
    }


def variables(settings: Settings) -> Mapping[str, str]:
    """Return the settings that a set-up's options may change, as a service's environment has them."""
    return {
        "COINLAKE_MARKET": settings.markets.mode,
        "COINLAKE_SERVING": str(settings.serving.enabled).lower(),
        "COINLAKE_SUPERSET": str(settings.serving.dashboards).lower(),
    }


def write_if_changed(target: Path, text: str) -> bool:
    """Write the file in one step, so that no service reads half of it; return whether it changed."""
    if target.exists() and target.read_text(encoding="utf-8") == text:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.new")
    fresh.touch(mode=0o600)
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(target)
    return True


def main() -> int:
    """Run the command line; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.engines.render", description="Render the configuration.")
    parser.add_argument("services", nargs="*", metavar="SERVICE", help="what supervisord shall run; default: all here")
    parser.add_argument("--foreground", action="store_true", help="the services' output goes to supervisord's own")
    given = parser.parse_args()
    try:
        render_all(load_settings(), given.services or None, foreground=given.foreground)
    except CoinlakeError as error:
        print(f"render: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
