"""One coin's past, from a chain of sources: what the first one cannot give is asked of the next."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from pipeline.errors import RangeNotAllowedError, RateLimitedError, RetryableSourceError, SourceError, StoppedError
from pipeline.events.coin_prices import PriceEvent
from pipeline.ingest.scheduler.jobs import Progress
from pipeline.ingest.scheduler.ledger import Ledger
from pipeline.ingest.scheduler.producer import Published
from pipeline.ingest.scheduler.spans import DaySpan, describe, spans
from pipeline.ingest.sources.base import HistorySource, Item

log = logging.getLogger(__name__)

BATCH_ITEMS = 200  # what a crash makes us fetch again at most; each batch costs one wait for Kafka, about 10 ms
KEYLESS_REACH = timedelta(days=364)  # CoinGecko gives keyless callers the last 365 days, today among them
SETTLED_AFTER = timedelta(days=7)  # a day that a source does not have by then may be one that it never has
TRIES = 3
LONGEST_PAUSE_S = 60.0
SHORTEST_PAUSE_S = 1.0


class Publisher(Protocol):
    """Whatever takes items and returns once they are safe."""

    def publish(self, items: Iterable[Item]) -> Published:
        """Return once all items are acknowledged; raise `ServiceError` if they are not."""
        ...


@dataclass(frozen=True)
class ChainLink:
    """A source in the chain, and the name under which the ledger keeps what came from it."""

    ledger_name: str
    source: HistorySource


@dataclass(frozen=True)
class Chain:
    """What a walk needs besides its order."""

    links: Sequence[ChainLink]
    ledger: Ledger
    publisher: Publisher
    stop: threading.Event


@dataclass(frozen=True)
class Outcome:
    """How a walk ended: `message` says which days no source had and why; `failed` that no source answered at all."""

    message: str | None
    failed: bool = False


def fetch_history(chain: Chain, coin: str, span: DaySpan, today: date, report: Callable[[Progress], None]) -> Outcome:
    """Publish what is missing of the coin's finished days in `span`, each day from the first source that has it.

    Days that the ledger knows are not asked for again. `report` is called after each acknowledged batch; its events
    and rejected count this walk only.

    Raises:
        ServiceError: Kafka did not acknowledge a batch; what was acknowledged before is in the ledger.
        StoppedError: the service is stopping.
    """
    walk = _Walk(chain, coin, span, today, report)
    for link in chain.links:
        if not walk.missing:
            break
        walk.ask(link)
    return walk.outcome()


class _Walk:
    """The state of one walk: what is wanted, what is there, what each source said."""

    def __init__(self, chain: Chain, coin: str, span: DaySpan, today: date, report: Callable[[Progress], None]) -> None:
        self._chain, self._coin, self._today, self._report = chain, coin, today, report
        self._wanted = {day for day in span.days() if day < today}  # today's price still moves: the poll brings it
        self.missing = set(self._wanted)
        for link in chain.links:
            self.missing -= chain.ledger.published(coin, link.ledger_name)
        self._events = self._rejected = 0
        self._failures: list[SourceError] = []
        self._answered = False
        self._tell()

    def ask(self, link: ChainLink) -> None:
        """Ask one source for everything that is missing, as far as it may answer."""
        done = self._chain.ledger.absent(self._coin, link.ledger_name)
        oldest = date.min
        for _ in range(TRIES):
            before = len(self.missing)
            try:
                self._read_gaps(link, oldest, done)
            except RangeNotAllowedError as error:
                if oldest > date.min:
                    self._note(error)
                    return
                oldest = self._today - KEYLESS_REACH
                log.info("%s; asking it from %s on", error, oldest)
            except RetryableSourceError as error:
                self._note(error)
                if not self._worth_a_pause(error, progressed=len(self.missing) < before):
                    return
            except SourceError as error:
                self._note(error)
                return
            else:
                self._answered = True
                return

    def outcome(self) -> Outcome:
        """Return what there is to tell."""
        if not self.missing:
            return Outcome(None)
        reasons = "; ".join(dict.fromkeys(str(error) for error in self._failures))
        told = f"no source had {describe(self.missing)}" + (f" ({reasons})" if reasons else "")
        log.warning("%s: %s", self._coin, told)
        return Outcome(told, failed=bool(self._failures) and not self._answered)

    def _read_gaps(self, link: ChainLink, oldest: date, done: set[date]) -> None:
        for gap in spans(day for day in self.missing - done if day >= oldest):
            log.info("%s: asking %s for %s", self._coin, link.ledger_name, gap)
            self._read(link, gap)
            done |= gap.days()

    def _read(self, link: ChainLink, gap: DaySpan) -> None:
        wanted = gap.days()
        items = (item for item in link.source.history(self._coin, gap.as_range()) if _belongs(item, wanted))
        for batch in whole_days(items, BATCH_ITEMS):
            if self._chain.stop.is_set():
                raise StoppedError(f"{self._coin}: the service is stopping")
            self._publish(link, batch)
        settled = {day for day in wanted & self.missing if day < self._today - SETTLED_AFTER}
        self._chain.ledger.add_lacking(self._coin, link.ledger_name, settled)

    def _publish(self, link: ChainLink, batch: list[Item]) -> None:
        published = self._chain.publisher.publish(batch)
        days = {item.event_time.date() for item in batch if isinstance(item, PriceEvent)}
        self._chain.ledger.add_published(self._coin, link.ledger_name, days)
        self.missing -= days
        self._events += published.events
        self._rejected += published.dead_letters
        self._tell()

    def _tell(self) -> None:
        done = len(self._wanted) - len(self.missing)
        self._report(Progress(done, len(self._wanted), self._events, self._rejected))

    def _note(self, error: SourceError) -> None:
        log.warning("%s: %s", self._coin, error)
        self._failures.append(error)

    def _worth_a_pause(self, error: RetryableSourceError, *, progressed: bool) -> bool:
        """Wait before the same source is asked again; return False where the next source is the better choice.

        The HTTP client has insisted already: we come back only to a source that gave something or named a time.
        """
        wish = error.retry_after_s if isinstance(error, RateLimitedError) else None
        if (wish is None and not progressed) or (wish or 0) > LONGEST_PAUSE_S:
            return False
        if self._chain.stop.wait(max(wish or 0, SHORTEST_PAUSE_S)):
            raise StoppedError(f"{self._coin}: the service is stopping")
        return True


def whole_days(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield the items in lists of `size` or a few more, so that no day's events stand in two lists."""
    batch: list[Item] = []
    day: date | None = None
    for item in items:
        item_day = item.event_time.date() if isinstance(item, PriceEvent) else day
        if len(batch) >= size and item_day != day:
            yield batch
            batch = []
        batch.append(item)
        day = item_day
    if batch:
        yield batch


def _belongs(item: Item, wanted: set[date]) -> bool:
    """Tell whether an item is for the days asked; some markets add their live price at the end."""
    return not isinstance(item, PriceEvent) or item.event_time.date() in wanted
