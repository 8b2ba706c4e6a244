"""A Dockerfile's stages, for what hadolint does not look at."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tests.support.docker.base_image import BASE_IMAGE

SYNTAX = re.compile(r"^#\s*syntax\s*=", re.IGNORECASE | re.MULTILINE)
SECRET_NAME = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|API_?KEY|PRIVATE_?KEY", re.IGNORECASE)
FROM = re.compile(r"(?:--\S+\s+)*(?P<base>\S+)(?:\s+AS\s+(?P<name>\S+))?", re.IGNORECASE)


@dataclass
class Stage:
    """One FROM and what follows it."""

    name: str
    base: str
    instructions: list[tuple[str, str]] = field(default_factory=list)  # keyword in capitals, the rest of the line

    def of(self, *keywords: str) -> list[str]:
        """Return what follows each of the keywords."""
        return [rest for keyword, rest in self.instructions if keyword in keywords]


def read_stages(text: str) -> list[Stage]:
    """Return the stages in their order; one without a name is named by its number, as Docker does.

    Here-documents are not understood: the BuildKit of Debian 12's engine does not know them either.
    """
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\[ \t]*\n", " ", "\n".join(lines))
    stages: list[Stage] = []
    for line in filter(str.strip, joined.splitlines()):
        keyword, _, rest = line.strip().partition(" ")
        if keyword.upper() == "FROM" and (found := FROM.match(rest.strip())):
            stages.append(Stage(found["name"] or str(len(stages)), found["base"]))
        elif stages:
            stages[-1].instructions.append((keyword.upper(), rest.strip()))
    return stages


def pulls_its_syntax(text: str) -> bool:
    """Tell whether the builder is to bring another version of itself, as an image."""
    return SYNTAX.search(text) is not None


def foreign_bases(stages: list[Stage]) -> list[str]:
    """Return each image that is pulled, in a FROM or a COPY --from, but the one we allow."""
    foreign, known = [], {BASE_IMAGE}
    for stage in stages:
        copied = [match[1] for rest in stage.of("COPY", "RUN") for match in re.finditer(r"\bfrom=([^\s,]+)", rest)]
        foreign += [image for image in [stage.base, *copied] if image not in known]
        known.add(stage.name)
    return foreign


def user(stages: list[Stage], target: str) -> str:
    """Return whom a stage's containers run as; root where nobody says otherwise."""
    by_name = {stage.name: stage for stage in stages}
    stage = by_name.get(target)
    while stage is not None:
        if named := stage.of("USER"):
            return named[-1].partition(":")[0]
        stage = by_name.get(stage.base)
    return "root"


def secret_names(stages: list[Stage]) -> list[str]:
    """Return the variables that by their names hold a secret; whatever an ARG or ENV gets stays in the image."""
    said = [rest for stage in stages for rest in stage.of("ARG", "ENV")]
    names = [match[1] for rest in said for match in re.finditer(r"(?:^|\s)([A-Za-z_]\w*)(?==|\s|$)", rest)]
    return [name for name in names if SECRET_NAME.search(name) and not name.endswith("_FILE")]
