"""What a user may write, key by key: the only room that knows pydantic.

Refuses belief: it says whether a file is well written, and gives it back as plain JSON, never as an object.
"""
