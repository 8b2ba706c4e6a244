"""Under which licences the packages and jars are that the lake installs: what docs/licences.md is made from."""
