"""One verb, one file, one Request, one function, one Result: fetch, decide, act, record.

Refuses to print, to know brands, and to decide what `decisions` can.
"""
