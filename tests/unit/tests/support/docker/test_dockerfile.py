"""The rules for a Dockerfile, each broken once."""

from __future__ import annotations

import pytest

from tests.support.docker.dockerfile import foreign_bases, pulls_its_syntax, read_stages, secret_names, user

TEXT = """\
# FROM nothing
FROM debian:bookworm-slim AS base
RUN apt-get update \\
    # a remark amid the lines
    && install -d /lake
ENV HOME=/tmp \\
    TOKEN_FILE=/run/secrets/token

FROM base AS code
COPY --from=base /a /b
user coinlake:coinlake
CMD ["kafka"]

FROM --platform=linux/amd64 code
USER root
RUN true
USER 10001

FROM code AS last
"""


def test_stages_are_read_with_their_continued_lines() -> None:
    stages = read_stages(TEXT)
    assert [(stage.name, stage.base) for stage in stages] == [
        ("base", "debian:bookworm-slim"),
        ("code", "base"),
        ("2", "code"),
        ("last", "code"),
    ]
    assert " ".join(stages[0].of("RUN")[0].split()) == "apt-get update && install -d /lake"


@pytest.mark.parametrize(
    ("target", "who"), [("base", "root"), ("code", "coinlake"), ("2", "10001"), ("last", "coinlake")]
)
def test_user_is_the_last_named_or_the_base_s(target: str, who: str) -> None:
    assert user(read_stages(TEXT), target) == who


def test_unknown_target_runs_as_root() -> None:
    assert user(read_stages(TEXT), "other") == "root"


@pytest.mark.parametrize(
    ("line", "image"),
    [
        ("FROM debian:latest", "debian:latest"),
        ("FROM later AS other", "later"),
        ("COPY --from=maven:3 /a /b", "maven:3"),
        ("RUN --mount=type=bind,from=busybox,target=/x true", "busybox"),
    ],
)
def test_other_images_are_seen(line: str, image: str) -> None:
    assert foreign_bases(read_stages(TEXT)) == []
    assert foreign_bases(read_stages(f"{TEXT}{line}\nFROM base AS later\n")) == [image]


@pytest.mark.parametrize("line", ["ARG API_TOKEN", "ENV A=1 DB_PASSWORD=x", "ENV api_key x", "ARG A=1 \\\n  SECRET=2"])
def test_secret_s_name_is_seen(line: str) -> None:
    assert secret_names(read_stages(TEXT)) == []
    assert len(secret_names(read_stages(f"{TEXT}{line}\n"))) == 1


@pytest.mark.parametrize("line", ["# syntax=docker/dockerfile:1", "#Syntax = docker/dockerfile:1"])
def test_syntax_that_is_pulled_is_seen(line: str) -> None:
    assert not pulls_its_syntax(TEXT)
    assert pulls_its_syntax(f"{line}\n{TEXT}")
