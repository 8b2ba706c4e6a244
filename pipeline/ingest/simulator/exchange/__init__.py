"""An exchange of our own: trades made up by seed, a feed with faults on demand, and REST to fill the gaps."""
