"""What an evaluation sees."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Look:
    """What is wrong, in words, by the alarm's id, and the ids that nothing can be said about now.

    Everything else is well. Ids are those of `pipeline_doctor.sh` where it has a check for the same.
    """

    faults: Mapping[str, str] = field(default_factory=dict)
    unknown: Set[str] = field(default_factory=frozenset)

    def __or__(self, other: Look) -> Look:
        """Return both together; where both say something about an alarm, a fault of the first counts."""
        return Look({**other.faults, **self.faults}, self.unknown | other.unknown)
