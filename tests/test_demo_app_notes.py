"""Notes in two caches of the shop, which have one LOCATION or two."""

from __future__ import annotations

import json

import pytest

from tests.test_demo_app import run_python, settings_error

pytestmark = pytest.mark.slow

VISIT = """
import json, os, django
django.setup()
from django.test import Client

client = Client(SERVER_NAME="localhost")
print(json.dumps([os.getpid(), *(client.get("/notes/milk/").json() for _ in range(2))]))
"""


@pytest.mark.parametrize("locations", ["same", "two"])
def test_a_note_is_found_by_its_own_process_where_the_caches_have_one_location(
    locations: str,
) -> None:
    answer = run_python("-c", VISIT, SHOP_LOCATIONS=locations)
    assert answer.returncode == 0, answer.stderr
    pid, first, second = json.loads(answer.stdout)
    same = locations == "same"
    assert first == {"found": None, "same_location": same, "answered_by": pid}
    assert second["found"] == (f"left by process {pid}" if same else None)


def test_an_unknown_number_of_locations_is_refused() -> None:
    error = settings_error(SHOP_LOCATIONS="three")
    assert error.endswith("SHOP_LOCATIONS='three': need one of same, two")
