"""What the standard library forgot: processes that die whole, redaction, crypto, canonical bytes, waves, trees.

Refuses to know what infrastructure is.
"""
