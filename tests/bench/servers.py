"""Gunicorn for a figure, probed as in a run or bare; ended with the `with` block, or a kill."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from harness import wire
from harness.servers.child import Child, ProcessSpec
from harness.servers.gunicorn import Gunicorn, GunicornSettings
from harness.servers.reaper import Reaper

TOKEN = "bench-token-of-the-usual-length-"
ROOT = Path(__file__).resolve().parents[2]


def environment_facts(**overrides: str) -> dict[str, str]:
    """Return the environment of a process that imports from the checkout."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, **overrides}


@contextmanager
def probed_server(
    settings: GunicornSettings, environ: Mapping[str, str], scratch: Path
) -> Iterator[str]:
    """Yield the address, as in `127.0.0.1:8000`, of a server whose workers are all ready."""
    with closing(Reaper()) as reaper:
        process = ProcessSpec(
            name="probed",
            command=(),
            environ={**environ, wire.ENV_TOKEN: TOKEN},
            log=scratch / "probed.log",
        )
        server = Gunicorn(process, settings, lives=scratch / "lives", reaper=reaper)
        try:
            server.wait_until_ready()
            yield server.url.removeprefix("http://")
        finally:
            server.stop()


@contextmanager
def bare_server(wsgi: str, environ: Mapping[str, str], scratch: Path) -> Iterator[str]:
    """Yield the address of a server with one sync worker; what it is asked waits until it can."""
    quiet = scratch / "bare.py"
    quiet.write_text("control_socket_disable = True\n")
    with closing(Reaper()) as reaper, socket.create_server(("127.0.0.1", 0)) as bound:
        command = [*(sys.executable, "-m", "gunicorn", "--config", str(quiet))]
        process = ProcessSpec(
            name="bare",
            command=[*command, "--bind", f"fd://{bound.fileno()}", wsgi],
            environ=environ,
            log=scratch / "bare.log",
            pass_fds=(bound.fileno(),),
        )
        child = Child(process, reaper)
        try:
            yield f"127.0.0.1:{bound.getsockname()[1]}"
        finally:
            child.stop()
