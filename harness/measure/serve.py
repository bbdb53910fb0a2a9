"""The servers of one trial, up without any load, for a person to look at.

Prints nothing: a callback reports when they are up, with their address and what to try there.
"""

import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from harness import wire
from harness.measure.testbed import Testbed
from harness.scenario.plan import Groups, Trial
from harness.scenario.schema import Scenario

RELOAD = "Open a page and reload it: now one worker answers, now another, each from its own memory."
_PAGE = re.compile(r"(?<!\S)/(?:[\w-]+/)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointInfo:
    """Servers of one trial that are up. `look` is the scenario's, "" where it has none."""

    scenario: str
    trial: str
    processes: int
    url: str
    token: str
    look: str = ""

    @property
    def advice(self) -> str:
        """Return what to try."""
        return self.look.strip() or RELOAD

    @property
    def pages(self) -> tuple[str, ...]:
        """Return the URLs of the pages that the advice names, else the URL of the front page."""
        return tuple(
            self.url + page for page in dict.fromkeys(_PAGE.findall(self.advice)) or ("/",)
        )

    @property
    def curl(self) -> str:
        """Return the command that shows the evidence in the headers of the first page."""
        token = f"{wire.TOKEN_HEADER}: {self.token}"
        return f"curl -s -D - -o /dev/null -H '{token}' {self.pages[0]}"


CHECK_S = 0.2


def trial_to_see(scenario: Scenario, groups: Groups) -> Trial:
    """Return the first trial in which the scenario's fault is expected, else its first trial."""
    trials = [trial for group in groups for trial in group]
    where = next((one.where for one in scenario.expect if one.fails_for is not None), {})
    return next((one for one in trials if one.setup.matches(where)), trials[0])


def serve_trial(
    trial: Trial, app: Path, logs: Path, *, port: int, ready: Callable[[EndpointInfo], None]
) -> NoReturn:
    """Keep the trial's servers up until interrupted; `ready` is called once they all answer.

    They and the servers behind their caches are gone when this ends by KeyboardInterrupt. Raises
    InfrastructureError where a part is unavailable, or ends.
    """
    with ExitStack() as stack:
        testbed = Testbed([trial], app, logs, stack)
        testbed.prepare([trial])
        stack.callback(testbed.release, trial)
        fleet = testbed.start_fleet(trial, port)
        stack.callback(fleet.stop)
        fleet.wait_until_ready()
        ready(
            EndpointInfo(
                scenario=trial.scenario.name,
                trial=trial.name,
                processes=trial.workers * trial.scenario.server.servers,
                url=fleet.url,
                token=testbed.token,
                look=trial.scenario.look,
            )
        )
        while True:
            fleet.check()
            time.sleep(CHECK_S)
