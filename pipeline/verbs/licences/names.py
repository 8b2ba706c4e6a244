"""Licences by their SPDX names, out of the many ways in which packages and jars state them."""

from __future__ import annotations

import re

UNKNOWN = "unknown"
COPYLEFT = ("GPL", "MPL", "EPL", "CDDL")

# The first that matches a part of the text counts for that part; several parts are alternatives.
WORDS = (
    (r"lesser general public|lgpl", "LGPL-2.1"),
    (r"affero|agpl", "AGPL-3.0"),
    (r"gpl.*(classpath|cpe)|glassfish.*gpl|gpl-1\.1|gpl_1_1|gpl2 w/", "GPL-2.0 WITH Classpath-exception-2.0"),
    (r"general public|\bgpl|gpl\b|gnu\.org", "GPL-2.0"),
    (r"common development|cddl", "CDDL-1.1"),
    (r"mozilla|\bmpl", "MPL-2.0"),
    (r"distribution license|edl-v10", "BSD-3-Clause"),
    (r"eclipse|\bepl", "EPL-1.0"),
    (r"apache", "Apache-2.0"),
    (r"2-clause|simplified bsd|freebsd", "BSD-2-Clause"),
    (r"bsd|\bgo license|antlr\.org", "BSD-3-Clause"),
    (r"\bmit\b|bouncy ?castle", "MIT"),
    (r"historical permission|\bhpnd", "HPND"),
    (r"python software|\bpsf", "PSF-2.0"),
    (r"\bisc\b", "ISC"),
    (r"cc0|creative commons", "CC0-1.0"),
    (r"public domain", "public domain"),
    (r"unlicense", "Unlicense"),
    (r"zope|\bzpl", "ZPL-2.1"),
    (r"repoze", "BSD-3-Clause-Modification"),
    (r"postgresql", "PostgreSQL"),
    (r"0bsd", "0BSD"),
    (r"zlib", "Zlib"),
)


def spdx(text: str) -> str:
    """Return the SPDX name, or alternatives joined by OR, that a text stands for; else `unknown`."""
    names = dict.fromkeys(name for part in re.split(r"[;,]|\bor\b", text.lower()) if (name := _word(part)))
    return " OR ".join(names) or UNKNOWN


def is_copyleft(licence: str) -> bool:
    """Tell whether every alternative of a licence asks that changes, or what is linked, be passed on likewise."""
    return all(any(family in part for family in COPYLEFT) for part in licence.split(" OR "))


def _word(part: str) -> str:
    return next((name for pattern, name in WORDS if re.search(pattern, part)), "")
