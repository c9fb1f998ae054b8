"""The command line: parse, Request, operation, report, exit code.

`main` knows the verbs by a literal table and imports one when it is typed, so that `--help` costs no more than click.
Everything that is written to a terminal is written here. Refuses anything else.
"""
