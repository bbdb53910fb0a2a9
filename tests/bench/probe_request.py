"""What the probe adds to a request for a page of the shop that comes out of the cache.

Served by Gunicorn's sync worker, probed and bare: once in this process, with a pair of sockets
for the network (nothing is scheduled, so that the figure is steady), once by two servers.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from harness import wire
from harness.servers.gunicorn import GunicornSettings
from tests.bench.figures import Figure, median, side_by_side
from tests.bench.servers import TOKEN, bare_server, environment_facts, probed_server

BAR = 1.03
APP = "demo_app.wsgi:application"
REQUESTS = 10  # between two readings of the clock

Serve = Callable[[bytes], object]


def measure(rounds: int, rounds_http: int) -> list[Figure]:
    """Return the ratio in this process and the ratio over HTTP."""
    with TemporaryDirectory() as directory:
        scratch = Path(directory)
        shop = {
            "DJANGO_SETTINGS_MODULE": "demo_app.settings",
            "SHOP_DATABASE": str(scratch / "shop.sqlite3"),
            "SHOP_PRODUCTS": "20",
        }
        os.environ.update(shop)
        environ = environment_facts(**shop)
        seed = [sys.executable, "-m", "django", "seed_shop"]
        subprocess.run(seed, env=environ, check=True, stdout=subprocess.DEVNULL)
        inside = _in_this_process(scratch, rounds)
        outside = _over_http(environ, scratch, rounds_http)
    return [
        median("page in one process, probed / bare", inside, at_most=BAR),
        median("page over HTTP, probed / bare", outside, at_most=BAR),
    ]


def _ratios(probed: Serve, bare: Serve, rounds: int) -> list[float]:
    marked, plain = _request(f"{wire.TOKEN_HEADER}: {TOKEN}\r\n"), _request()
    probed(marked), bare(plain)  # the first of each fills the cache
    return side_by_side(lambda: _seconds(probed, marked), lambda: _seconds(bare, plain), rounds)


def _request(more: str = "") -> bytes:
    return (
        "GET /products/1/ HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: bench\r\n"
        f"Accept-Encoding: gzip, deflate\r\n{more}\r\n"
    ).encode()


def _seconds(serve: Serve, request: bytes) -> float:
    started = perf_counter()
    for _ in range(REQUESTS):
        serve(request)
    return perf_counter() - started


def _over_http(environ: dict[str, str], scratch: Path, rounds: int) -> list[float]:
    settings = GunicornSettings(wsgi=APP, workers=1, worker_class="sync", threads=1)
    with (
        probed_server(settings, environ, scratch) as probed,
        bare_server(APP, environ, scratch) as bare,
    ):
        return _ratios(_client_of(probed), _client_of(bare), rounds)


def _client_of(address: str) -> Serve:
    host, _, port = address.partition(":")

    def serve(request: bytes) -> None:
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(request)
            _read_all(connection)

    return serve


def _in_this_process(scratch: Path, rounds: int) -> list[float]:
    from django.core.cache import caches

    from harness.probe import gunicorn_conf
    from harness.probe.caches import wrap
    from harness.probe.tally import Life, Tally

    os.environ[wire.ENV_TOKEN] = TOKEN
    bare = _worker()
    probed = _worker(post_request=gunicorn_conf.post_request)
    probed.harness_tally = Tally(scratch, Life(server=0, slot=1, generation=1, pid=os.getpid()))
    gunicorn_conf.post_worker_init(probed)
    cache = caches["default"]
    wrapped = wrap(cache, "default", probed.harness_tally)
    return _ratios(_worker_with(wrapped, probed), _worker_with(cache, bare), rounds)


def _worker(**hooks: Any) -> Any:
    """Return a sync worker that serves the shop on request, without a server around it."""
    from gunicorn.config import Config
    from gunicorn.workers.sync import SyncWorker

    from demo_app.wsgi import application

    config = Config()
    for name, hook in hooks.items():
        config.set(name, hook)
    worker = SyncWorker(1, os.getppid(), [], None, 30, config, config.logger_class(config))
    worker.wsgi = application
    return worker


def _worker_with(cache: Any, worker: Any) -> Serve:
    from django.core.cache import caches

    listener = socket.create_server(("127.0.0.1", 0))

    def serve(request: bytes) -> None:
        caches["default"] = cache
        client, server = socket.socketpair()
        with client:
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)  # the worker would linger for more
            worker.handle(listener, server, ("127.0.0.1", 1))
            _read_all(client)

    return serve


def _read_all(connection: socket.socket) -> None:
    while connection.recv(65_536):
        continue
