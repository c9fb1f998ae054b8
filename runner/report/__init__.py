"""Facts to words: terminal, JSON lines, markdown. Folds of the same happenings.

Refuses to print.
"""
