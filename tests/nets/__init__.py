"""Nets under every test: no HOME, no credentials, no network but loopback, nothing left running, no skip unsaid.

Refuses to trust a test's good manners; each net has tests of its own beside it.
"""
