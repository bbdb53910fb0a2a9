"""What a failed system call means: files have their codes, and faults of ours stay faults."""

import errno
import os
from pathlib import Path

import pytest

from harness.errors import infrastructure_error

RUN = Path("/runs/one")


def failed(number: int, file: object = None) -> OSError:
    return OSError(number, os.strerror(number), file)


@pytest.mark.parametrize(
    ("error", "code", "where"),
    [
        (failed(errno.EACCES, "/runs/one/logs/app.log"), "HX301", "/runs/one/logs/app.log"),
        (failed(errno.ENOSPC, Path("/tmp/harness-1/x")), "HX309", "/tmp/harness-1/x"),
        (failed(errno.ENAMETOOLONG, "/tmp/harness-1/x"), "HX309", "/tmp/harness-1/x"),
        (failed(errno.EMFILE), "HX310", "operating system"),
        (failed(errno.ENOSPC), "HX310", "operating system"),
        (failed(errno.EMFILE, "/lib/module.so"), "HX310", "/lib/module.so"),
    ],
)
def test_a_failure_of_the_machine_has_a_code_and_names_its_file(
    error: OSError, code: str, where: str
) -> None:
    meaning = infrastructure_error(error, RUN)
    assert meaning
    (problem,) = meaning.problems
    assert (problem.code, problem.where) == (code, where)
    assert problem.hint


@pytest.mark.parametrize(
    "error",
    [failed(errno.ENOENT, "/lib/module.so"), failed(errno.ECONNRESET), failed(errno.EBADF, 7)],
)
def test_any_other_failure_is_a_fault_of_the_harness(error: OSError) -> None:
    assert infrastructure_error(error, RUN) is None


def test_without_a_run_directory_no_file_is_in_it() -> None:
    assert infrastructure_error(failed(errno.EACCES, "/runs/one/run.json")) is None
