"""The page's files: vendored ones as they were published, all of them small, nothing from elsewhere."""

from __future__ import annotations

import hashlib
import json
import re

import pytest

from monitor.page.web import STATIC, read_files

VENDOR = STATIC / "vendor" / "uplot"
OWN = sorted(path for path in STATIC.rglob("*") if path.is_file() and "vendor" not in path.parts)
MOST_BYTES = 300_000 - 100_000  # the rest is for the data: a history has up to 50 kB


def test_the_vendored_library_is_as_it_was_published() -> None:
    source = json.loads((VENDOR / "SOURCE.json").read_text(encoding="utf-8"))
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.iterdir()}
    del sums["SOURCE.json"]
    assert sums == source["sha256"]
    assert source["licence"] == "MIT"
    assert "MIT License" in (VENDOR / "LICENSE").read_text(encoding="utf-8")


def test_everything_together_is_small() -> None:
    assert sum(len(content.body) for content in read_files().values()) < MOST_BYTES


@pytest.mark.parametrize("path", OWN, ids=[path.name for path in OWN])
def test_nothing_comes_from_elsewhere(path: object) -> None:
    text = path.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    addresses = set(re.findall(r"https?://[^\s\"'`)]*", text)) - {"http://www.w3.org/2000/svg"}
    assert addresses == set()


def test_the_page_needs_no_inline_script_or_style() -> None:
    html = (STATIC / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)", html) == []


def test_every_module_that_is_imported_is_there() -> None:
    folder = STATIC / "js"
    for path in folder.glob("*.js"):
        for name in re.findall(r'from "\./([\w.]+)"', path.read_text(encoding="utf-8")):
            assert (folder / name).is_file(), f"{path.name} imports {name}"


def test_every_element_that_a_script_asks_for_is_there() -> None:
    html = (STATIC / "index.html").read_text(encoding="utf-8")
    there = set(re.findall(r'\sid="([\w-]+)"', html))
    scripts = "".join(path.read_text(encoding="utf-8") for path in (STATIC / "js").glob("*.js"))
    asked = set(re.findall(r'\$\("([\w-]+)"\)', scripts))
    assert asked
    assert asked - there == set()
