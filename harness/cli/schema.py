"""`harness schema`: the JSON Schema of scenario files."""

import json

import click

from harness.scenario.parse import scenario_schema


@click.command(name="schema")
def verb() -> None:
    """Print the JSON Schema of scenario files.

    An editor completes and checks the keys of a scenario whose first line names a file with it, as
    in `#:schema scenario.schema.json`.
    """
    click.echo(json.dumps(scenario_schema(), indent=2))
