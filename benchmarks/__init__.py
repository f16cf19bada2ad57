"""What Mesa Lab costs and saves, measured beside its peers in one command: `uv run python -m benchmarks`.

One module answers one question and knows what is to be reached; `measuring` knows how to measure fairly. Nothing here
is part of the package, and no test asserts a duration.
"""
