"""Bytes to believed configuration, or all the mistakes at file:line:column.

Refuses half-valid configuration. `schema` is what was written (pydantic), `runner.model` what is believed.
"""
