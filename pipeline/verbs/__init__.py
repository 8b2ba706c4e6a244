"""The bodies of the commands in `pipeline/scripts`, `pipeline/init` and `analysis/scripts`."""
