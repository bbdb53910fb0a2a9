"""Measure what Django's per-process cache does under several Gunicorn workers."""
