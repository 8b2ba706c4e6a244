"""The simulator as a process: both ports are served, and SIGTERM ends it in order."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time

import httpx
import pytest
from websockets.asyncio.client import connect

from pipeline.ingest.simulator.__main__ import _parser
from pipeline.ingest.simulator.exchange.mischief import Plan
from pipeline.services import PORT_OFFSETS
from pipeline.settings import CHECKOUT, load_settings
from tests.support.runner import free_port_base


def test_it_serves_both_and_ends_in_order(tmp_path):
    base = free_port_base()
    environ = os.environ | {
        "COINLAKE_HOME": str(tmp_path),
        "COINLAKE_PORT_BASE": str(base),
        "COINLAKE_API_TOKEN": "ours",
    }
    command = [sys.executable, "-m", "pipeline.ingest.simulator", "--trade-rate", "200"]
    process = subprocess.Popen(command, cwd=CHECKOUT, env=environ, stderr=subprocess.PIPE, text=True)
    try:
        address = f"http://127.0.0.1:{base + PORT_OFFSETS['simulator']}"
        wait_for_answer(f"{address}/api/v3/ping")
        asyncio.run(subscribe(base + PORT_OFFSETS["simulator_feed"]))
        assert httpx.get(f"{address}/simulator/exchange", trust_env=False).json()["rate"] == 200
        order = {"url": f"{address}/simulator/exchange/rate", "json": {"rate": 100}, "trust_env": False}
        assert httpx.post(**order).status_code == 401
        assert httpx.post(**order, headers={"Authorization": "Bearer ours"}).json()["rate"] == 100
    finally:
        process.terminate()
        _, said = process.communicate(timeout=10)
    assert (process.returncode, "Traceback" in said) == (0, False)
    kept = json.loads((tmp_path / "data" / "simulator" / "exchange.json").read_text())
    assert kept["products"]["BTC-USD"]["segments"][-1]["step_ns"] == 0, "closed until the next start"


def wait_for_answer(url: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            httpx.get(url, trust_env=False)
        except httpx.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return


async def subscribe(port: int) -> None:
    async with connect(f"ws://127.0.0.1:{port}", proxy=None) as connection:
        message = {"type": "subscribe", "product_ids": ["BTC-USD"], "channels": ["matches"]}
        await connection.send(json.dumps(message))
        types = [json.loads(await connection.recv())["type"] for _ in range(3)]
        assert types == ["subscriptions", "last_match", "match"]


def test_options(tmp_path):
    parser = _parser(load_settings({"COINLAKE_HOME": str(tmp_path)}))
    options = parser.parse_args(["--trade-rate", "2000", "--trades", "100", "--mischief", "drop=0.001,silence=0.1"])
    assert (options.trade_rate, options.trades) == (2000, 100)
    assert options.mischief == Plan(drop=0.001, silence=0.1)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [(["--mischief", "sneeze=1"], "a plan is"), (["--mischief", "drop"], "float"), (["--trade-rate", "-1"], "100000")],
)
def test_wrong_options_are_refused(tmp_path, capsys, wrong, told):
    with pytest.raises(SystemExit):
        _parser(load_settings({"COINLAKE_HOME": str(tmp_path)})).parse_args(wrong)
    assert told in capsys.readouterr().err
