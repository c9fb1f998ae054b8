"""Suites that an implementation of a room's Protocol must pass to be accepted; for plugins too.

Outside the layers: tests and plugin authors import it, the program never does. Refuses to know an implementation:
what it tries is handed in.
"""
