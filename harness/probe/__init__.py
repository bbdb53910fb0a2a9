"""What runs inside the Gunicorn processes: records every cache lookup, changes none.

Installed from outside by `gunicorn -c python:harness.probe.gunicorn_conf`; the app needs no change.
"""
