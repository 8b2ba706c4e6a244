"""How the verbs' lines look, natively and in containers; only the standard library is used here."""

from __future__ import annotations

# What a browser can open, in the order of interest: service, its port's name, what it is.
PAGES = (
    ("notebook", "notebook", "notebook"),
    ("presto", "presto", "Presto"),
    ("spark", "spark_ui", "Spark"),
    ("namenode", "namenode_http", "HDFS NameNode"),
    ("scheduler", "scheduler", "scheduler API"),
)


def stage_line(seconds: float, words: str) -> str:
    """Return the line of a stage that took so long."""
    return f"{seconds:7.1f} s  {words}"
