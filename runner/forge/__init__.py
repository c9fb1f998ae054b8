"""The site around Git. `nowhere` is the laptop's: it confirms nothing, so what needs a forge stays closed.

Refuses to decide.
"""
