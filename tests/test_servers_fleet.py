"""Several servers behave as one: what is done to it is done to each of them."""

from __future__ import annotations

from typing import Any, cast

import pytest

from harness.record.facts import LifeFacts
from harness.servers.gunicorn import Fleet, Gunicorn
from harness.servers.nginx import Nginx


class Server:
    """A server that writes down what is done to it."""

    def __init__(self, number: int, done: list[str], busiest: int = 0) -> None:
        self.number, self.done, self.busiest = number, done, busiest
        self.url = f"http://127.0.0.1:{number}"

    def lives(self) -> tuple[LifeFacts, ...]:
        one = LifeFacts(server=self.number, slot=1, generation=1, pid=self.number, tally={})
        return (one,)

    def kill_worker(self, slot: int | None) -> int:
        self.done.append(f"kill {slot} of {self.number}")
        return slot or 2

    def __getattr__(self, verb: str) -> Any:
        return lambda *given: self.done.append(" ".join(map(str, (verb, *given, self.number))))


class Broken(Server):
    def stop(self) -> None:
        self.done.append(f"stop {self.number}")
        raise OSError("cannot stop")


def fleet(done: list[str], *busiest: int, balanced: bool = False) -> Fleet:
    servers = [Server(number, done, started) for number, started in enumerate(busiest)]

    def balance(urls: Any) -> Nginx:
        done.append(f"balance {len(urls)}")
        return cast(Nginx, Server(99, done))

    return Fleet(len(servers), lambda n: cast(Gunicorn, servers[n]), balance if balanced else None)


def test_one_server_is_asked_itself_and_several_through_their_balancer() -> None:
    assert fleet([], 0).url == "http://127.0.0.1:0"
    assert fleet([], 0, 0, balanced=True).url == "http://127.0.0.1:99"


@pytest.mark.parametrize("verb", ["wait_until_ready", "reload", "restart"])
def test_it_is_done_server_after_server(verb: str) -> None:
    done: list[str] = []
    getattr(fleet(done, 0, 0, balanced=True), verb)()
    assert done == ["balance 2", f"{verb} 0", f"{verb} 1"]


def test_workers_are_added_to_each_server() -> None:
    done: list[str] = []
    fleet(done, 0, 0).scale(-1)
    assert done == ["scale -1 0", "scale -1 1"]


def test_the_busiest_worker_of_all_is_killed_and_a_slot_means_the_first_server() -> None:
    done: list[str] = []
    both = fleet(done, 5, 9)
    assert both.kill_worker(None) == (1, 2)
    assert both.kill_worker(1) == (0, 1)
    assert done == ["kill None of 1", "kill 1 of 0"]


def test_lives_and_checks_are_of_all() -> None:
    done: list[str] = []
    both = fleet(done, 0, 0, balanced=True)
    assert [life.server for life in both.lives()] == [0, 1]
    both.check()
    assert done == ["balance 2", "check 0", "check 1", "check 99"]


def test_the_balancer_stops_first_and_one_that_cannot_stop_keeps_none_running() -> None:
    done: list[str] = []
    servers = [Server(0, done), Broken(1, done)]
    both = Fleet(2, lambda n: cast(Gunicorn, servers[n]), lambda _: cast(Nginx, Server(99, done)))
    with pytest.raises(OSError, match="cannot stop"):
        both.stop()
    assert done == ["stop 99", "stop 1", "stop 0"]


def test_servers_that_are_up_are_stopped_if_the_next_cannot_be_started() -> None:
    done: list[str] = []

    def start(number: int) -> Gunicorn:
        if number == 2:
            raise OSError("too many")
        return cast(Gunicorn, Server(number, done))

    with pytest.raises(OSError, match="too many"):
        Fleet(3, start)
    assert done == ["stop 1", "stop 0"]
