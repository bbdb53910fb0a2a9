"""Facts of the machine are complete, and name neither machine nor user."""

import getpass
import json
import platform
from pathlib import Path

from harness.record.facts import cores, environment_facts, installed_version


def test_every_version_that_can_change_a_result_is_there() -> None:
    facts = environment_facts()
    for name in ("python", "django", "gunicorn", "locust", "redis", "numpy"):
        assert facts[name], name
    assert facts["cores"] == cores() >= 1


def test_nothing_names_the_machine_the_user_or_a_place() -> None:
    reported = json.dumps(environment_facts())
    assert platform.node() not in reported
    assert getpass.getuser() not in reported
    assert str(Path.home()) not in reported


def test_a_distribution_that_is_not_installed_has_an_empty_version() -> None:
    assert installed_version("no-such-distribution") == ""
