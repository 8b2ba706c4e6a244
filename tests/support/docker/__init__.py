"""The parts of the Docker engine that the tests bring up for themselves."""
