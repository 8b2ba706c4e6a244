"""The words in which topics are stated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Topic:
    """One Kafka topic and the settings it must have."""

    name: str
    partitions: int
    doc: str
    config: Mapping[str, str] = field(default_factory=dict)
