from __future__ import annotations

import asyncio
from threading import Event

import pytest

from pipeline.errors import ServiceError
from pipeline.verbs.background import in_background


def test_the_answer_or_the_error_is_handed_over() -> None:
    assert in_background(lambda: 7).result(10) == 7

    def fail() -> int:
        raise ServiceError("away")

    with pytest.raises(ServiceError, match="away"):
        in_background(fail).result(10)


def test_who_waits_may_give_up_and_the_question_ends_in_peace() -> None:
    """A thread that could not hand its answer over would end with a traceback, which pytest takes for a fault."""
    release = Event()
    asked = in_background(lambda: release.wait(10))

    async def give_up() -> None:
        waiting = asyncio.wrap_future(asked)
        waiting.cancel()
        await asyncio.sleep(0)

    asyncio.run(give_up())
    assert not asked.cancelled()
    release.set()
    assert asked.result(10) is True
