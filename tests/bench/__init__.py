"""`python -m tests.bench [NAME…] [--json]`: how fast the program is, always as ratios of interleaved runs.

Refuses to be a test: machines are noisy, so nothing here fails a suite. A row says what it must reach, and whether it
did.
"""
