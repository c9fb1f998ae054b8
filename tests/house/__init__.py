"""The rules of the house that no other tool keeps: words, sizes, docstrings, explanations, contracts.

Refuses to know what any room does; it reads the source, and nothing else.
"""
