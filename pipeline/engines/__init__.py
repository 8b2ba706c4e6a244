"""The engines: what they are, their jars, configuration, memory and start, and the supervisor that runs them."""
