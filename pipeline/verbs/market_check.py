"""Whether the live market can be used, asked before a lake is switched to it.

`python -m pipeline.verbs.market_check` asks from within the scheduler's container.
"""

from __future__ import annotations

import sys

from pipeline.errors import CoinlakeError, ServiceError
from pipeline.ingest.market_choice import live_prices_fault
from pipeline.markets import SIMULATOR
from pipeline.settings import Settings, load_settings


def require_live_prices(settings: Settings) -> None:
    """Raise `ServiceError` with the market's own fault when the live market has no price for us."""
    fault = live_prices_fault(settings)
    if fault is not None:
        raise ServiceError(
            f"the live market cannot be used: {fault}. Nothing was changed; --market auto or --market {SIMULATOR} "
            f"runs without it"
        )


def main() -> int:
    """Return 0 when the live market answers; else print why not and return 1."""
    try:
        require_live_prices(load_settings())
    except CoinlakeError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
