"""Serves one packaged model over HTTP, or runs it over a file."""

__version__ = "0.1.0"
