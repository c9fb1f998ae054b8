"""Real parts for the tests: obtained by name with each ecosystem's own client, kept in the user's cache, tried first.

Refuses to replace a part that is there, and to say that one is there which it has not run.
"""
