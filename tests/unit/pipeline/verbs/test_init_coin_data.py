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
    ended = script(environ, "--from", "2024-01-01", "--to", "2024-03-31", "--no-wait")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "bitcoin: done, 91 events" in ended.stdout
    assert "ethereum: done, 91 events" in ended.stdout
    file = tmp_path / 'a "file", with {odd} name.csv'
    file.write_text("snapped_at,price,market_cap,total_volume\n2013-05-01 00:00:00 UTC,135.5,,\n")
    ended = script(environ, "--csv", str(file), "--coin", "btc", "--no-wait")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "bitcoin: done, 1 events" in ended.stdout


def test_the_script_passes_errors_on(start, environ):
    start()
    ended = script(environ, "bitcoin", "dogecoin", "--from", "2024-03-31", "--to", "2024-03-31", "--no-wait")
    assert ended.returncode == 1
    assert "bitcoin: done, 1 events" in ended.stdout
    assert "'dogecoin' is not in the setting COINS" in ended.stderr


def test_a_file_without_a_readable_line_is_a_failure_and_can_be_sent_again(start, environ, tmp_path):
    start()
    file = tmp_path / "wrong.csv"
    file.write_text("snapped_at,price,market_cap,total_volume\nyesterday,1,,\n")
    for _ in range(2):
        ended = script(environ, "--csv", str(file), "--coin", "bitcoin", "--no-wait")
        assert ended.returncode == 1
        assert "bitcoin: none of the file's lines could be read (1; silver.rejected_events has them)" in ended.stderr


def test_the_script_without_a_scheduler(environ, tmp_path):
    ended = script(environ, "bitcoin")
    assert ended.returncode == 1
    assert "does not answer" in ended.stderr
    assert f"pipeline/scripts/pipeline_setup.sh starts it; {tmp_path}/logs/scheduler.log" in ended.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["--from"],
        ["--nonsense"],
        ["--csv", "/nowhere", "--coin", "bitcoin"],
        ["--csv", __file__],
        ["--coin", "bitcoin"],
        ["ethereum", "--csv", __file__, "--coin", "bitcoin"],
    ],
)
def test_wrong_arguments_end_with_2_and_one_line(environ, words):
    ended = script(environ, *words)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.splitlines()[-1].startswith("init_coin_data.sh: error: ")


@pytest.mark.parametrize("path", ["pipeline/init/init_coin_data.sh", "monitor/watch_kafka.sh"])
def test_a_lake_that_was_never_set_up_is_one_line(tmp_path, path):
    environ = {**os.environ, "COINLAKE_HOME": str(tmp_path), "COINLAKE_PYTHON": ""}
    ended = subprocess.run([path], env=environ, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    name = path.rpartition("/")[2]
    assert (
        ended.stderr == f"{name}: the lake was never set up in {tmp_path}: pipeline/scripts/pipeline_setup.sh does it\n"
    )
