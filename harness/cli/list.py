"""`harness list`: the bundled scenarios."""

from itertools import groupby

import click
from rich.text import Text

from harness.cli.shared import format_option, grid, print_result
from harness.scenario.load import catalogue

HINT = (
    "`harness show NAME` describes a scenario, `harness run NAME` measures it, and `harness claims`"
    " measures them all."
)


@click.command(name="list")
@format_option()
def verb(style: str) -> None:
    """List the bundled scenarios by topic."""
    scenarios = [scenario for _, scenario in catalogue()]
    content = {
        one.name: {"topic": one.topic, "question": one.question, "claim": one.claim}
        for one in scenarios
    }
    rows: list[tuple[Text, str]] = []
    for topic, group in groupby(scenarios, key=lambda one: one.topic):
        rows.append((Text(topic, "bold"), ""))
        rows += [(Text(f"  {one.name}"), " ".join(one.question.split())) for one in group]
        rows.append((Text(), ""))
    print_result(content, style, grid(rows, "", ""), Text(HINT, "dim"))
