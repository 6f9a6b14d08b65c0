"""Hostile input for everything that reads: `python -m tests.fuzz --help`.

`case.py` says what a case is and judges it, `loaders.py` what is fuzzed, `corpus/` holds the cases, written
out as code, `mutations.py` makes random ones of valid input, and `runner.py` runs either in a process of its
own, which may hang, crash or eat the memory.
"""
