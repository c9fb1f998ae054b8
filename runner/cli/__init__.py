"""The command line: parse, Request, operation, report, exit code. Anything else is refused."""
