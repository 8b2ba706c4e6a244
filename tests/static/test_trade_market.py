"""An exchange's two addresses come into being together: nothing but the reader of the settings puts them together."""

from __future__ import annotations

import ast
from pathlib import Path

from pipeline.settings.exchange import TradeMarket
from tests.support.repository import Repository


def test_only_one_module_builds_a_trade_market(repository: Repository) -> None:
    builders = set()
    for path in repository.files(".py"):
        names = {
            node.func.id
            for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        if TradeMarket.__name__ in names and not repository.name(path).startswith("tests/"):
            builders.add(repository.name(path))
    assert builders == {"pipeline/settings/exchange.py"}
