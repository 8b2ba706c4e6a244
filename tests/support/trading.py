"""A stretch of simulated trading, and what the lake's tables hold of it."""

from __future__ import annotations

from pipeline.simulated_exchange import SimulatedExchange
from tests.support.stack import Stack
from tests.support.waiting import wait_until

IDLE_RATE = 1.0
"""Trades a second over all products, where no test asks for more."""

TRADES, GAPS = "silver.fact_crypto_trades", "ops.gaps"


class Session:
    """The trades that are made from now on."""

    def __init__(self, stack: Stack, exchange: SimulatedExchange) -> None:
        self.stack, self.exchange = stack, exchange
        self.before = exchange.last_ids()

    def made(self) -> int:
        """Return how many there are so far."""
        return sum(last - self.before[name] for name, last in self.exchange.last_ids().items())

    def where(self, column: str = "trade_id") -> str:
        """Return the condition that tells these trades, or gaps, by their ids."""
        return " OR ".join(f"(product_id = '{name}' AND {column} > {last})" for name, last in self.before.items())

    def counts(self) -> tuple[int, int]:
        """Return how many rows and how many different trades the table holds, as Presto sees it."""
        query = f"SELECT count(*), count(DISTINCT (source, product_id, trade_id)) FROM {TRADES} WHERE {self.where()}"
        rows, keys = self.stack.presto(query)[0]
        return int(rows), int(keys)

    def gaps(self) -> list[tuple[str, int, int, str, int, str]]:
        """Return the gaps among these trades: product, first and last id, status, trades filled, reason."""
        query = f"SELECT product_id, from_id, to_id, status, filled, reason FROM {GAPS} WHERE "
        return self.stack.presto(query + self.where("from_id"))

    def wait_until_complete(self, seconds: float) -> None:
        """Wait until every trade is in the table, then check that none is there twice and no gap is left open."""
        try:
            wait_until(lambda: self.counts()[1] >= self.made(), seconds, "all trades in the table")
        except AssertionError as error:
            error.add_note(f"rows, ids in the table: {self.counts()}; made: {self.made()}; gaps: {self.gaps()}")
            raise
        made = self.made()
        assert self.counts() == (made, made)
        wait_until(lambda: all(gap[3] == "filled" for gap in self.gaps()), 60, "all gaps are filled")
