"""The tests: one file a module, then both real programs."""
