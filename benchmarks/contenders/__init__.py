"""Each contender does the same work in its own way, as a process: ``python -m NAME ARGS``."""
