"""Gunicorn configuration that installs the probe: `gunicorn -c python:harness.probe.gunicorn_conf`.

Hooks only. Everything else (workers, worker class, socket) is given as Gunicorn's own options.
Needs the environment variables named `ENV_…` in `harness.wire`.
"""

import os
import sys
from pathlib import Path
from typing import Any

from harness import wire
from harness.probe.evidence import ProbedApp
from harness.probe.tally import COUNT, Life, Slots, Tally

# One default path would be shared by all servers of this user; older versions ignore the setting.
control_socket_disable = True

_slots = Slots(first_generation=int(os.environ.get(wire.ENV_GENERATION, "1")))


def pre_fork(server: Any, worker: Any) -> None:
    """Give the worker its slot, in the arbiter."""
    worker.harness_slot = _slots.take(worker.age, [other.age for other in server.WORKERS.values()])


def on_reload(server: Any) -> None:
    """Let the workers that a reload forks take the slots of those it is about to stop."""
    _slots.retire(worker.age for worker in server.WORKERS.values())


def post_fork(server: Any, worker: Any) -> None:  # noqa: ARG001 - the hook's signature
    """Open the tally of this life and wrap the caches, before the app is loaded."""
    from harness.probe.caches import install

    slot, generation = worker.harness_slot
    life = Life(
        server=int(os.environ[wire.ENV_SERVER]), slot=slot, generation=generation, pid=os.getpid()
    )
    worker.harness_tally = Tally(Path(os.environ[wire.ENV_LIVES]), life)
    install(worker.harness_tally)


def post_worker_init(worker: Any) -> None:
    """Wrap the loaded app, record its inherited entries, and report that this worker is ready."""
    from harness.probe.caches import note_inherited

    note_inherited(worker.harness_tally)
    worker.wsgi = ProbedApp(worker.wsgi, worker.harness_tally, os.environ[wire.ENV_TOKEN])
    worker.harness_tally.note_cpu()
    worker.harness_tally.add(COUNT["ready"])


def post_request(worker: Any, req: Any, environ: Any, resp: Any) -> None:  # noqa: ARG001
    """Record the end of a request. Gunicorn also calls this while an exception propagates."""
    worker.wsgi.request_ended(whole=sys.exc_info()[0] is None)
