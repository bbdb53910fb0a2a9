"""What runs inside the Gunicorn processes: sees every cache lookup, changes none.

Put in from outside by `gunicorn -c python:harness.probe.gunicorn_conf`; the app needs no change.
"""
