"""The vocabulary: what can be written on paper. Frozen, slotted, keyword-only; standard library only.

Refuses I/O, verbs, and knowledge of any brand.
"""
