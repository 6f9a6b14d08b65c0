"""``make bench``: learners on streams, each event predicted before it is learned. See docs/bench.md."""
