"""The script that fills in the past, run as a user runs it, on a scheduler in this process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pipeline.settings import CHECKOUT


def script(environ, *words):
    return subprocess.run(
        ["pipeline/init/init_coin_data.sh", *words],
        env=os.environ | environ | {"COINLAKE_PYTHON": sys.executable, "http_proxy": "http://127.0.0.1:1"},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_script_fills_in_every_coin_and_a_file(start, environ, tmp_path):
    start()
    ended = script(environ, "--from", "2024-01-01", "--to", "2024-03-31")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "bitcoin: done, 91 events" in ended.stdout
    assert "ethereum: done, 91 events" in ended.stdout
    file = tmp_path / 'a "file", with {odd} name.csv'
    file.write_text("snapped_at,price,market_cap,total_volume\n2013-05-01 00:00:00 UTC,135.5,,\n")
    ended = script(environ, "--csv", str(file), "--coin", "bitcoin")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "bitcoin: done, 1 events" in ended.stdout


def test_the_script_passes_errors_on(start, environ):
    start()
    ended = script(environ, "bitcoin", "dogecoin", "--from", "2024-03-31", "--to", "2024-03-31")
    assert ended.returncode == 1
    assert "bitcoin: done, 1 events" in ended.stdout
    assert "'dogecoin' is not in the setting COINS" in ended.stderr


def test_the_script_without_a_scheduler(environ):
    ended = script(environ, "bitcoin")
    assert ended.returncode == 1
    assert "the scheduler does not answer: pipeline/scripts/pipeline_setup.sh starts it" in ended.stderr


@pytest.mark.parametrize(
    "words", [["--from"], ["--nonsense"], ["--csv", "/nowhere", "--coin", "bitcoin"], ["--coin", "bitcoin"]]
)
def test_the_script_refuses_wrong_words(environ, words):
    assert script(environ, *words).returncode == 1
