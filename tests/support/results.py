"""What pytest's JUnit files say, added up over suites."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Results:
    """How many tests passed and failed, and why each skipped one was skipped."""

    passed: int = 0
    failed: int = 0
    skipped: Counter[str] = field(default_factory=Counter)  # reason -> how many tests

    @property
    def ran(self) -> int:
        """How many tests ran to an end."""
        return self.passed + self.failed

    @property
    def good(self) -> bool:
        """True when something ran and nothing failed."""
        return self.ran > 0 and self.failed == 0

    def __add__(self, other: Results) -> Results:
        """Return both together."""
        return Results(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def summary(self) -> str:
        """Return the closing lines: what ran, each reason for a skip, and the line that outside checks read."""
        skipped = self.skipped.total()
        lines = [f"{self.ran + skipped} tests: {self.ran} ran, {skipped} skipped"]
        lines += [f"  skipped {count}: {reason}" for reason, count in sorted(self.skipped.items())]
        return "\n".join([*lines, f"{self.passed} passed, {self.failed} failed, {skipped} skipped"])


def read_junit(report: Path, exit_code: int) -> Results:
    """Add up a report; a suite that ended badly without naming a failed test counts as one failure itself."""
    results = Results()
    cases = ET.parse(report).getroot().iter("testcase") if report.exists() else iter(())
    for case in cases:
        skip = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            results.failed += 1
        elif skip is not None:
            results.skipped[skip.get("message") or "no reason given"] += 1
        else:
            results.passed += 1
    if exit_code != 0 and results.failed == 0:
        results.failed = 1
    return results
