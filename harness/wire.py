"""Names that cross a process boundary: headers, environment variables, fields of a tally.

Standard library only and nothing of the harness, because Gunicorn's workers and Locust import it.
"""

FORMAT = 3
"""Version of the run directory and of `result.json`; a reader refuses what is newer."""

# Request header that asks for evidence, and the response headers that carry it.
TOKEN_HEADER = "X-Harness-Token"
CACHE_STATUS = "Cache-Status"  # RFC 9211, one member per lookup
SERVER_TIMING = "Server-Timing"  # W3C Server Timing, durations in milliseconds
WORKER_HEADER = "X-Harness-Worker"  # server, slot, generation, pid, lookups
WRITES_HEADER = "X-Harness-Writes"  # one member per write that is no refill of a miss

# Environment of a probed Gunicorn.
ENV_TOKEN = "HARNESS_TOKEN"
ENV_SERVER = "HARNESS_SERVER"  # number of this server in its trial, from 0
ENV_GENERATION = "HARNESS_GENERATION"  # generation of the first workers, above 1 after a restart
ENV_LIVES = "HARNESS_LIVES"  # directory that holds one tally file per worker life

# What a person may set.
ENV_REDIS_URL = "HARNESS_REDIS_URL"
ENV_REDIS_MAY_BE_CLEARED = "HARNESS_REDIS_MAY_BE_CLEARED"  # 1: foreign keys there may be deleted

MAX_LOOKUPS_PER_RESPONSE = 256
"""Evidence of one response ends here, so that headers stay below what clients accept."""

TALLY_IDENTITY = ("format", "server", "slot", "generation", "pid")
TALLY_COUNTS = (
    "ready",  # 1 once the worker can serve
    "started",  # requests that carried the token and reached the app
    "finished",  # of those, the ones whose response was handed over whole
    "hits",  # lookups inside requests that carried the token
    "misses",
    "errors",  # lookups whose backend raised
    "late",  # lookups after the headers had left, as in a streaming response
    "stores",  # writes that refilled a missed key
    "writes",  # all other writes inside such requests, before their headers left
    "outside",  # lookups outside of any request that carried the token
    "unseen_writes",  # writes outside of any such request, or after its headers had left
    "cpu_ns",  # CPU time of the process until the end of its latest measured request; no count
)
TALLY_ROWS = 1024
"""A tally file: the identity, then this many rows of counts; unsigned 64-bit, native byte order."""

WRITE_KINDS = ("set", "touch", "incr", "delete", "clear")
"""What a write did: gave value and lifetime, lifetime alone, value alone; removed a key, or all.

A write that changed nothing, as an `add` of a key that is there, is none.
"""
