"""The folders of killed drivers are deleted, those of living ones never."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from pipeline.spark.local_dirs import claim_local_dir, local_dir

HOLD = """
import sys, time
from pathlib import Path
from pipeline.spark.local_dirs import claim_local_dir, local_dir
data = Path(sys.argv[1])
claim_local_dir(data)
(local_dir(data) / "blockmgr-1").mkdir()
print(local_dir(data), flush=True)
time.sleep(60)
"""


def test_a_killed_drivers_folder_goes_and_a_living_ones_stays(tmp_path: Path, checkout: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, cwd=checkout, stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        folder = Path(driver.stdout.readline().strip())
        claim_local_dir(tmp_path)
        assert (folder / "blockmgr-1").exists()
        driver.send_signal(signal.SIGKILL)
    claim_local_dir(tmp_path)
    assert not folder.exists()
    assert local_dir(tmp_path).is_dir()


def test_what_drivers_once_shared_goes_and_other_files_stay(tmp_path: Path) -> None:
    root = tmp_path / "spark"
    for name in ("blockmgr-a1/0c", "spark-b2/userFiles"):
        (root / name).mkdir(parents=True)
    (root / "notes.txt").touch()
    claim_local_dir(tmp_path)
    assert sorted(path.name for path in root.iterdir()) == [f"driver-{os.getpid()}", "notes.txt"]
