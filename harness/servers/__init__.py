"""What a trial runs on: Gunicorn, Redis. Start, ready, stop, leave nothing behind."""
