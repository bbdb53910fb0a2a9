"""Every command in the documentation: what runs it, or why nothing does.

A command that stands in no table fails the tests. Reading commands are run as they stand, each page
in a directory of its own, in the order of the page. What measures is run for real elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping

RUN = (
    "harness baseline save runs/first baseline.json",
    "harness baseline save runs/hit-rate baseline.json",
    "harness baseline show baseline.json",
    "harness compare runs/hit-rate runs/second",
    "harness doctor",
    "harness explain HX311",
    "harness explain HX512",
    "harness init-ci hit-rate",
    "harness list",
    "harness predict --keys 1000000 --requests-per-second 2000 --max-entries none",
    "harness predict --keys 1000000 --requests-per-second 2000",
    "harness predict --workers 4 --servers 2 --hit-us 9 --shared-hit-us 400 --origin-ms 5",
    "harness predict --workers 8 --keys 300 --requests 3000",
    "harness predict --workers 8",
    "harness report runs/first",
    "harness report runs/hit-rate --format csv > lookups.csv",
    "harness report runs/hit-rate --format json > result.json",
    "harness report runs/hit-rate --format markdown",
    "harness report runs/hit-rate --format svg > report.svg",
    "harness report runs/hit-rate",
    "harness report tests/runs/break-even",
    "harness report tests/runs/hit-rate",
    "harness report tests/runs/latency",
    "harness report tests/runs/preload",
    "harness report tests/runs/recycling",
    "harness report tests/runs/restart",
    "harness report tests/runs/servers",
    "harness report tests/runs/sessions",
    "harness run hit-rate --dry-run",
    "harness runs list",
    "harness runs rm runs/second --yes",
    "harness schema > scenario.schema.json",
    "harness show hit-rate",
    "harness show limit.toml",
    "harness show timeouts.toml",
    "python notebook.py",
)
"""Run as they stand, in one process with the tests; they end with exit code 0."""

SHORTENED = {
    "harness run hit-rate --out runs/first": (
        *("--workers", "1,4", "--requests", "200", "--backend", "locmem"),
        *("--set", "expect=[]"),
    ),
    "harness run mysite.toml": ("--requests", "200", "--workers", "2"),
    "pytest test_caching.py": (),
}
"""Run on real servers by `tests/e2e/test_docs.py`, with these words added."""

_RUNS = "tests/e2e/test_run.py"
_CLAIMS = "tests/e2e/test_claims.py"
_DUEL = "tests/e2e/test_duel.py"
_CHECK = "tests/e2e/test_check.py"
_SERVE = "tests/e2e/test_serve.py"
_SERVERS = "tests/e2e/test_servers.py"
_TURNS = "tests/e2e/test_turns.py"
_ACTIONS = "tests/e2e/test_actions.py"
_SETUPS = "tests/e2e/test_setups.py"

MEASURED: Mapping[str, str] = {
    "harness check hit-rate --baseline baseline.json --junit junit.xml --markdown summary.md": (
        _CHECK
    ),
    "harness check hit-rate --baseline baseline.json": _CHECK,
    "harness check hit-rate --workers 1,4 --requests 1000": _CHECK,
    "harness claims": _CLAIMS,
    "harness claims throttle hit-rate --full": _CLAIMS,
    "harness duel hit-rate --a backend=locmem --b backend=redis --workers 2": _DUEL,
    "harness duel hit-rate --a server.threads=1 --b server.threads=4 --min-effect 5%": _DUEL,
    "harness duel hit-rate --base-ref main": _DUEL,
    "harness run backends": _SETUPS,
    "harness run break-even": _TURNS,
    "harness run fits": _SETUPS,
    "harness run hit-rate --requests 10000 --keys 2000 --set load.zipf=0.6": _RUNS,
    "harness run hit-rate --requests 10000 --keys 2000 --users 16 --seed 7": _RUNS,
    "harness run hit-rate --set 'matrix.vary.cache.timeout_s=[1, 300]' --workers 4": _RUNS,
    "harness run hit-rate --set load.arrival_rate_per_second=200": _TURNS,
    "harness run hit-rate --set load.zipf=0.6 --set cache.max_entries=300": _RUNS,
    "harness run hit-rate --workers 1,2,4,16 --backend locmem": _RUNS,
    "harness run hit-rate --workers 4 --requests 1000 --format json > result.json": _RUNS,
    "harness run limit.toml": _CLAIMS,
    "harness run latency": _TURNS,
    "harness run latency --aa": _TURNS,
    "harness run preload": "tests/e2e/test_preload.py",
    "harness run recycling": _ACTIONS,
    "harness run reload.toml": _ACTIONS,
    "harness run restart": _ACTIONS,
    "harness run restart --workers 2 --requests 800 --out tests/runs/restart-2": _ACTIONS,
    "harness run servers": _SERVERS,
    "harness run spread": _SERVERS,
    "harness run threads": _SETUPS,
    "harness serve hit-rate --workers 4": _SERVE,
    "harness serve lock --workers 4 --backend redis --port 8000": _SERVE,
    "harness serve throttle --workers 4": _SERVE,
}
"""Too long for the tests as they are: `harness run` is run with --dry-run, the others are parsed
with all their options and their scenario is loaded; the file runs the same verb on real servers."""

_DOCKER = "needs Docker; tests/test_compose.py reads the file"

NOT_RUN: Mapping[str, str] = {
    'eval "$(_HARNESS_COMPLETE=bash_source harness)"': (
        "changes the shell; tests/test_cli.py checks the completion"
    ),
    ". .venv/bin/activate": "changes the shell, not the project",
    "docker compose run --rm harness run hit-rate": _DOCKER,
    "docker compose up": _DOCKER,
    "jq '.trials[] | {backend, workers, hit_rate, misses}' result.json": "jq is no part of it",
    "locust -f locustfiles/catalog.py --host http://127.0.0.1:8000": (
        "serves a page until Ctrl-C; tests/e2e/test_locustfile.py runs it headless"
    ),
    "locust -f searches.py --host http://127.0.0.1:8000": (
        "serves a page until Ctrl-C; tests/test_docs.py runs the file's code"
    ),
    "make bench": "takes minutes; tests/test_bench.py runs its parts",
    "make check": "is what runs the tests",
    "make demo": "would install; it runs `harness run hit-rate`",
    "make docs": "would write the pages; tests/test_docs.py builds them elsewhere",
    "make picture": "would write the picture; tests/test_recorded_runs.py compares it",
    "make test": "is what runs the tests",
    "pytest --harness-skip": "is an option of the plugin; tests/test_pytest_plugin.py uses it",
    "pytest --update-golden": "would write the golden files",
    "rm -r tests/runs/restart-2/logs tests/runs/restart-2/result.json": "deletes files",
}
"""With the reason."""
