"""What the live page weighs, how soon it is there, how old a trade is on it, and what its viewers cost.

`python -m bench.page --rate 100 --viewers 50 --seconds 60`. The lake must run on the simulator, whose rate is set for
the time of the measurement; Chromium must be there. `age_s` is the time from the trade on the exchange, and from its
arrival at the trade producer, to the browser's next frame after its row is in the page. `core_pct_by_viewers` is the
processor time of the page's process in per cent of one core: with nobody watching, with one viewer, with all.
Results go to `bench/results/page-*.json`.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench import chromium
from bench.measure import report, spread
from bench.memory import service_pids, tree_mb
from bench.results_folder import machine, new_file, save
from bench.scaling.processes import cpu_seconds
from pipeline.settings import Settings, load_settings
from pipeline.simulated_exchange import SimulatedExchange

SETTLE_S = 10.0
LEFT_S = 40.0  # after the last viewer has gone the page reads on for 30 s
# A second connection tells when each trade was made and arrived; the observer, when its row is in the page.
WATCH = """(() => {
  const times = new Map(), row = (mutation) => [...mutation.addedNodes].map((node) => node.dataset?.key);
  window.ages = [];
  const source = new EventSource('events');
  source.addEventListener('update', (event) => {
    for (const t of JSON.parse(event.data).trades ?? []) {
      times.set(`${t.product_id} ${t.trade_id}`, [t.traded_ms, t.received_ms]);
    }
  });
  const seen = new Set();
  new MutationObserver((mutations) => requestAnimationFrame(() => {
    const now = Date.now();
    for (const key of mutations.flatMap(row)) {
      if (key && !seen.has(key)) {
        seen.add(key);
        window.ages.push([key, now]);
      }
    }
  })).observe(document.querySelector('#tape tbody'), { childList: true });
  const known = () => window.ages.filter(([key]) => times.has(key));
  window.found = () => known().map(([key, now]) => times.get(key).map((ms) => now - ms));
})()"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
SIZES = """[performance.getEntriesByType('navigation')[0], ...performance.getEntriesByType('resource')]
  .map((entry) => [new URL(entry.name).pathname, entry.transferSize])"""


@contextlib.contextmanager
def viewers(url: str, count: int) -> Iterator[None]:
    """Have so many viewers read the stream of events during the block."""
    at, stop = urlsplit(url), threading.Event()
    request = f"GET /events HTTP/1.1\r\nHost: {at.netloc}\r\n\r\n".encode()
    connections = [socket.create_connection((at.hostname, at.port)) for _ in range(count)]
    for connection in connections:
        connection.sendall(request)
        connection.setblocking(False)

    def read() -> None:
        while not stop.wait(0.05):
            for connection in connections:
                with contextlib.suppress(BlockingIOError):
                    connection.recv(1_000_000)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield
    finally:
        stop.set()
        reader.join()
        for connection in connections:
            connection.close()


def core_pct(pid: int, seconds: float) -> float:
    """Return what a process takes of a core over so many seconds, in per cent."""
    start, before = time.monotonic(), cpu_seconds(pid)
    time.sleep(seconds)
    return round(100 * (cpu_seconds(pid) - before) / (time.monotonic() - start), 2)


def look(page: chromium.Page, url: str, seconds: float) -> dict[str, Any]:
    """Open the page and return its weight, its first paint and how old trades are on it."""
    page.open(f"{url}/")
    page.wait_for("document.querySelectorAll('.plot canvas').length === 2", 60)
    paint_ms, sizes = page.run(PAINT), dict(page.run(SIZES))
    page.run(WATCH)
    page.wait(seconds)
    ages = page.run("window.found()")
    return {
        "first_paint_ms": round(paint_ms),
        "kb": round(sum(sizes.values()) / 1000, 1),
        "kb_by_address": {name: round(size / 1000, 1) for name, size in sorted(sizes.items())},
        "trades_shown": len(ages),
        "age_s": {
            "since_traded": spread(traded / 1000 for traded, _ in ages),
            "since_received": spread(received / 1000 for _, received in ages),
        },
    }


def measure(settings: Settings, rate: int, count: int, seconds: float) -> dict[str, object]:
    """Set the rate and measure; viewers of other programs would be counted, too."""
    program = chromium.find()
    if program is None:
        raise SystemExit("bench.page needs Chromium: apt-get install chromium")
    url, pid = settings.url("page"), service_pids(settings)["page"]
    costs: dict[str, float] = {}
    with SimulatedExchange.of(settings).rate(rate):
        time.sleep(LEFT_S)
        costs["0"] = core_pct(pid, seconds)
        for each in (1, count):
            with viewers(url, each):
                time.sleep(SETTLE_S)
                costs[str(each)] = core_pct(pid, seconds)
        with tempfile.TemporaryDirectory() as folder, chromium.running(program, Path(folder)) as page:
            looked = look(page, url, seconds)
    return {
        "rate": rate,
        "seconds": seconds,
        "core_pct_by_viewers": costs,
        "memory": tree_mb(pid),
        **looked,
        "machine": machine(),
    }


def main() -> None:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=100, help="trades a second, over all products")
    parser.add_argument("--viewers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60, help="length of each of the four measurements")
    given = parser.parse_args()
    found = measure(load_settings(), given.rate, given.viewers, given.seconds)
    save(new_file("page"), found)
    report(**found)


if __name__ == "__main__":
    main()
