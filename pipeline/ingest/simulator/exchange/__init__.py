"""An exchange of our own: trades generated from a seed, a feed with faults on demand, and REST to fill the gaps."""
