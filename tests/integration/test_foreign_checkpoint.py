"""A checkpoint of another Kafka cluster: the stream refuses it, says why, and is not started again and again."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
import requests

from pipeline.engines.supervisor import client
from tests.support.stack import Stack
from tests.support.waiting import wait_until

IDENTITY = "/checkpoints/stream/identity.json"


def identity_url(stack: Stack, operation: str) -> str:
    return f"{stack.settings.lake.hdfs_http_url}/webhdfs/v1{IDENTITY}?op={operation}&user.name=coinlake"


def replace_identity(stack: Stack, text: str) -> None:
    requests.put(identity_url(stack, "CREATE&overwrite=true"), data=text.encode(), timeout=30).raise_for_status()


@pytest.fixture
def foreign_checkpoint(stack: Stack) -> Iterator[None]:
    """Stop the stream, make its checkpoint one of another cluster, and put everything back afterwards."""
    daemon = client(stack.settings)
    own = requests.get(identity_url(stack, "OPEN"), timeout=30).text
    daemon.stop("spark")
    replace_identity(stack, json.dumps({**json.loads(own), "cluster": "another-cluster"}))
    yield
    daemon.stop("spark")
    replace_identity(stack, own)
    daemon.start("spark")
    before = stack.count("iceberg.silver.coin_prices", "source = 'simulator'")
    wait_until(
        lambda: stack.count("iceberg.silver.coin_prices", "source = 'simulator'") > before, 90, "the stream continues"
    )


@pytest.mark.usefixtures("foreign_checkpoint")
def test_foreign_checkpoint_is_refused_with_a_clear_message(stack: Stack) -> None:
    daemon = client(stack.settings)
    daemon.start("spark")
    wait_until(lambda: daemon.states()["spark"].refused, 60, "the stream has refused to run")
    assert "was made for Kafka cluster another-cluster, but Kafka now has " in stack.log("spark")
    time.sleep(5)
    assert daemon.states()["spark"].refused, "a refusal is no reason to start again"
