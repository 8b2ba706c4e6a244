"""What a JVM of the tests is told."""

from __future__ import annotations

SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=192m"
"""For engines that are killed again and again: they only ever warm up, and the second compiler takes half of that.

Without it only 48 MB would be kept for compiled code, which Spark fills.
"""
