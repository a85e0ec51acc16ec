"""The process that holds the model: one for each of WORKERS."""
