"""The engines' jars: pinned in `pom.xml`, listed with check sums in `jars.lock`, downloaded by Maven or by Ivy."""
