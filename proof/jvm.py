"""What a JVM is told that is killed again and again, or lives for a few minutes of tests."""

from __future__ import annotations

SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=192m"
"""Such JVMs only ever warm up, and the second compiler takes half of that.

Without it only 48 MB would be kept for compiled code, which Spark fills.
"""
