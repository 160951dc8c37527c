"""How fast the exchange is, as ratios of one run: `python -m tests.performance`."""
