"""`harness runs`: recorded runs and their sizes, and how to delete them."""

from pathlib import Path

import click

from harness import runs
from harness.cli.shared import format_option, grid, print_result, run_argument, writing_output
from harness.text import number_of, size


@click.group(name="runs")
def verb() -> None:
    """List recorded runs with their sizes, or delete them."""


@verb.command(name="list")
@click.argument("directory", type=click.Path(path_type=Path), default=runs.RUNS)
@format_option()
def list_runs(directory: Path, style: str) -> None:
    """List the runs in DIRECTORY, "runs" by default."""
    found = runs.entries(directory)
    rows = [
        (
            str(one.path),
            "unreadable" if one.trials is None else number_of(one.trials, "trial"),
            size(one.size_bytes),
        )
        for one in found
    ]
    print_result(
        [
            {
                "path": str(one.path),
                "scenario": one.scenario,
                "trials": one.trials,
                "size_bytes": one.size_bytes,
            }
            for one in found
        ],
        style,
        grid(rows, "", "", ""),
        f"\n{_total(found)} in {directory}",
    )


@verb.command()
@run_argument("run_dirs", "RUN_DIR…", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
def rm(run_dirs: tuple[Path, ...], yes: bool) -> None:
    """Delete recorded runs. Nothing is deleted if one of the directories is not a run."""
    found = [runs.entry(path) for path in dict.fromkeys(run_dirs)]
    if not yes:
        click.confirm(f"Delete {_total(found)}?", abort=True, err=True)
    for one in found:
        with writing_output(one.path):
            runs.remove(one.path)


def _total(found: list[runs.RunEntry]) -> str:
    return f"{number_of(len(found), 'run')} ({size(sum(one.size_bytes for one in found))})"
