"""Judgement: pure answers from facts in hand, each with its because.

Refuses to open, to wait, and to ask the time.
"""
