"""runner keeps infrastructure in step with Git: it previews, applies and records, and needs no server to do it."""

__version__ = "0.1.0"
