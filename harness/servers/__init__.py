"""What a trial stands on: Gunicorn, Redis. Start, ready, stop, leave nothing behind."""
