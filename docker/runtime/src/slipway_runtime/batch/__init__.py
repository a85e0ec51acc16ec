"""The model over a file."""
