"""Sends an API what its OpenAPI description allows, and what it does not; returns what is not answered as described.

By schemathesis' engine, whose pytest plugin does not know our pytest.
"""

from __future__ import annotations

from collections.abc import Iterator

import schemathesis
from schemathesis.engine import events, from_schema

# A coin that is not ours, a day to come, a file's header: a schema cannot say them, and they are refused.
LEFT_OUT = ["positive_data_acceptance"]


def deviations(url: str, headers: dict[str, str], *, examples: int) -> tuple[int, list[str]]:
    """Return how many calls were made, and what each deviation is; `examples` random ones a call, beside edge cases."""
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    config = schema.config
    config.update(headers=headers, continue_on_failure=True)
    config.generation.update(max_examples=examples, deterministic=True)
    config.phases.update(phases=["examples", "coverage", "fuzzing"])
    config.checks.update(excluded_check_names=LEFT_OUT)
    calls, found = 0, []
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError):
            found.append(f"{event.label}: {event.value!r}")
        elif isinstance(event, events.ScenarioFinished):
            calls += len(event.recorder.interactions)
            found += _failures(event)
    return calls, sorted(set(found))


def _failures(event: events.ScenarioFinished) -> Iterator[str]:
    for checks in event.recorder.checks.values():
        for check in checks:
            if check.failure_info is not None:
                failure = check.failure_info.failure
                yield f"{event.recorder.label}: {check.name}: {failure.title}: {failure.message}"
