"""The licences of Python packages, from their own metadata.

`known_packages.tsv` states those of packages for other systems, or that say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from pathlib import Path

from pipeline.verbs.licences.names import UNKNOWN, spdx

CLASSIFIER = "License :: "
NO_LICENCE = {"License :: OSI Approved"}
STATED = Path(__file__).with_name("known_packages.tsv")
LOCKED = re.compile(r"^([a-z0-9._-]+)==", re.MULTILINE)


def locked(lock: Path) -> set[str]:
    """Return the names of the packages that a lock file pins."""
    return set(LOCKED.findall(lock.read_text(encoding="utf-8")))


def licences(names: Iterable[str], folders: list[str]) -> dict[str, str]:
    """Return the licence of each package; `folders` are where packages are installed, as in `sys.path`."""
    stated = dict(line.split("\t") for line in STATED.read_text(encoding="utf-8").splitlines())
    found = {canonical(one.name): licence_of(one) for one in distributions(path=folders)}
    return {name: stated.get(name) or found.get(name, UNKNOWN) for name in names}


def licence_of(package: Distribution) -> str:
    """Return a package's licence: an SPDX expression, else what its classifiers say, else its free text."""
    expressions = _fields(package, "License-Expression")
    if expressions:
        return expressions[0]
    stated = [one for one in _fields(package, "Classifier") if one.startswith(CLASSIFIER) and one not in NO_LICENCE]
    by_classifier = spdx("; ".join(one.rpartition(" :: ")[2] for one in stated)) if stated else UNKNOWN
    if by_classifier != UNKNOWN:
        return by_classifier
    lines = "".join(_fields(package, "License")).strip().splitlines()
    return spdx(lines[0]) if lines else UNKNOWN


def _fields(package: Distribution, name: str) -> list[str]:
    return package.metadata.get_all(name) or []


def canonical(name: str) -> str:
    """Return a package's name as lock files write it."""
    return re.sub(r"[-_.]+", "-", name).lower()
