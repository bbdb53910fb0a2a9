"""A Locust that records nothing but its own statistics; its orders are those of the driver.

Run as `python -m tests.bench.bare_locust DESCRIPTOR`, its end of a socket.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

from locust import FastHttpUser, events, task
from locust.env import Environment
from locust.exception import StopUser

from harness.load.trace import key_sequence


class BareShopper(FastHttpUser):
    """Opens the same product pages as the harness's shopper."""

    keys: Iterator[int]

    @task
    def open_product(self) -> None:
        try:
            product = next(self.keys) + 1
        except StopIteration:
            raise StopUser from None
        self.client.get(f"/products/{product}/", name="/products/[id]/")


def main() -> None:
    """Follow the connection until it ends."""
    channel = open(int(sys.argv[1]), "r+b", buffering=0)  # noqa: SIM115 - open until the end
    environment = Environment(user_classes=[BareShopper], events=events)
    runner = environment.create_local_runner()
    for line in iter(channel.readline, b""):
        order = json.loads(line)
        BareShopper.keys = iter(key_sequence(**order["trace"]).tolist())
        environment.host = order["host"]
        runner.start(order["users"], spawn_rate=order["users"])
        if runner.spawning_greenlet:
            runner.spawning_greenlet.join()
        runner.user_greenlets.join()
        runner.stop()
        total = environment.stats.total
        answered = total.num_requests - total.num_failures
        environment.stats.reset_all()
        channel.write(json.dumps({"event": "served", "answered": answered}).encode() + b"\n")


if __name__ == "__main__":
    main()
