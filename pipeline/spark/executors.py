"""What a session needs whose tasks run in processes of their own, on the machines of a cluster.

Nothing but Java 17 and a Spark 4.0 is expected there: jars, JVM options and Hadoop's settings come from the driver. No
task needs Python.
"""

from __future__ import annotations

import re

from pipeline.engines.memory import SPARK_EXECUTOR, heap
from pipeline.errors import SettingsError
from pipeline.settings import Settings

LOCAL_MASTER = re.compile(r"local(\[.*\])?")

JAVA_OPTIONS = (
    "-XX:+UseSerialGC",
    # A JVM of ours runs a great deal of code now and then, and a little of it all the time. As it comes, the second
    # compiler takes half a core for minutes; without it, many trades a second are too slow, and only 48 MB are kept
    # for compiled code, which the driver fills. So: room for all of it, and the second compiler for the hottest.
    "-XX:ReservedCodeCacheSize=192m",
    "-XX:Tier4InvocationThreshold=50000",
    "-XX:Tier4MinInvocationThreshold=6000",
    "-XX:Tier4CompileThreshold=150000",
    "-XX:Tier4BackEdgeThreshold=400000",
    "-XX:+ExitOnOutOfMemoryError",
)
"""For every JVM that runs tasks."""


def is_local(master: str) -> bool:
    """Tell whether tasks run within the driver."""
    return LOCAL_MASTER.fullmatch(master) is not None


def executor_options(settings: Settings) -> dict[str, str]:
    """Return the options that a session on a cluster needs beside its others.

    Raises:
        SettingsError: the jars that executors need are not in the home.
    """
    return {**_what_executors_get(settings), **_how_losses_are_met()}


def _what_executors_get(settings: Settings) -> dict[str, str]:
    folder = settings.jar_dir / "spark"
    jars = sorted(str(jar) for jar in folder.glob("*.jar"))
    if not jars:
        expected = f"a local one, as there are no jars in {folder}"
        raise SettingsError("SPARK_MASTER", settings.lake.spark_master, expected)
    return {
        # The driver hands them to each executor, whatever starts it. In the driver itself they are on the class path,
        # which is asked first, so that no class is loaded twice.
        "spark.jars": ",".join(jars),
        "spark.executor.memory": heap(SPARK_EXECUTOR, small=settings.small),
        # As many tasks at a time as with local[4], on two workers of two cores.
        "spark.executor.cores": "2",
        "spark.cores.max": "4",
        "spark.dynamicAllocation.enabled": "false",
        # Native libraries are unpacked into the executor's own folder, which goes with it; a container's /tmp does not
        # let them be loaded.
        "spark.executor.extraJavaOptions": " ".join((*JAVA_OPTIONS, "-Duser.timezone=UTC", "-Djava.io.tmpdir=.")),
        # How executors log is their machine's affair; how much, ours.
        "spark.log.level": "WARN",
        "spark.executor.syncLogLevel.enabled": "true",
        # A batch is one task: it runs where there is room, and does not wait 3 s for the place where its rows are.
        "spark.locality.wait": "0",
    }


def _how_losses_are_met() -> dict[str, str]:
    """Return how soon an executor counts as lost: a killed one's connection closes, a vanished host says nothing.

    What it was at is done again elsewhere; see docs/clusters.md.
    """
    return {
        "spark.executor.heartbeatInterval": "5s",
        "spark.network.timeout": "30s",
        "spark.network.timeoutInterval": "5s",  # how often the driver looks for silent executors; by default 60 s
        # Blocks of a lost executor are recomputed; asking for them 3 times 5 s would delay that.
        "spark.shuffle.io.retryWait": "1s",
    }
