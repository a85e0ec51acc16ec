"""Churn within three months."""
