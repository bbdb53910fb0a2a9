"""What a person needs to look at a running server: its address, and what to try there."""

import re
from dataclasses import dataclass

from harness import wire

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
        named = dict.fromkeys(_PAGE.findall(self.advice)) or ("/",)
        return tuple(self.url + page for page in named)

    @property
    def curl(self) -> str:
        """Return the command that shows the evidence in the headers of the first page."""
        token = f"{wire.TOKEN_HEADER}: {self.token}"
        return f"curl -s -D - -o /dev/null -H '{token}' {self.pages[0]}"
