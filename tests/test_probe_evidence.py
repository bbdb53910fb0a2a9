"""Evidence keeps to its standards whatever the keys, and comes out of the reader as it went in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import inf, isnan
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness import wire
from harness.load.evidence import Answer, HeaderValue, parse_answers
from harness.probe.evidence import evidence_headers, worker_header
from harness.probe.notes import Recording, Refill
from harness.record.samples import Samples
from tests.factories import STEADY
from tests.probing import LIFE, Probe, locmem

WORKER = worker_header(LIFE)
NASTY = [
    'quote " and backslash \\',
    "comma, semicolon; equals=",
    'x"; detail="1.0", default; hit; key="y',
    "line\r\nX-Injected: 1",
    "nul \0 and tab \t",
    "é, 漢, 🐍",
    "half a pair \ud800",
    "100%25",
    "%C3%A9",
    "",
]

# RFC 8941: a list whose members are strings or tokens with parameters; RFC 9211 uses no more.
STRING = r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"'
TOKEN = r"[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*"
NUMBER = r"-?\d{1,12}\.\d{1,3}|-?\d{1,15}"
BARE = re.compile(f"{STRING}|{TOKEN}|{NUMBER}")
PARAMETER = re.compile(r"; *([a-z*][a-z0-9_.*-]*)(=?)")
TIMING = re.compile(r"(cache|origin|store);dur=\d+\.\d+")


def parse_list(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield (member, parameters) of a structured field; fails where it breaks the grammar."""
    at = 0
    while True:
        member, at = _bare_item(text, at)
        parameters = {}
        while found := PARAMETER.match(text, at):
            at = found.end()
            parameters[found[1]] = "?1"
            if found[2]:
                parameters[found[1]], at = _bare_item(text, at)
        yield member, parameters
        if at == len(text):
            return
        comma = re.compile(" *, *").match(text, at)
        assert comma, f"{text[at:]!r} at {at} follows a member"
        at = comma.end()


def _bare_item(text: str, at: int) -> tuple[str, int]:
    item = BARE.match(text, at)
    assert item, f"{text[at:]!r} at {at} is no bare item"
    return (re.sub(r"\\(.)", r"\1", item[1]) if item[1] is not None else item[0]), item.end()


def recording_of(
    lookups: Sequence[tuple[str, Any, Any, bool]], refills: Sequence[Refill | None] = ()
) -> Recording:
    """Return a recording whose lookups began at 0, 1, 2 … s and took 0.25 s each."""
    recording = Recording(memoryview(bytearray(80)).cast("Q"))
    for number, lookup in enumerate(lookups):
        recording.lookups.append((*lookup, number, number + 0.25))
    recording.refills = {number: refill for number, refill in enumerate(refills) if refill}
    return recording


def headers_of(recording: Recording) -> dict[str, str]:
    return dict(evidence_headers(recording, WORKER))


def read(headers: dict[str, Any], step: int = 0) -> Samples:
    """Return what the reader makes of one answer with these headers."""

    def header(name: str) -> HeaderValue:
        return headers.get(name)

    worker, status = header(wire.WORKER_HEADER), header(wire.CACHE_STATUS)
    return parse_answers([Answer(step, 1, 2, 3, 200, worker, status, header(wire.SERVER_TIMING))])


def keys_of(samples: Samples) -> list[str]:
    return [str(samples.keys[key]) for key in samples.key]


any_text = st.text(st.characters(codec=None)) | st.sampled_from(NASTY)
refills = st.none() | st.builds(
    Refill, started=st.just(1e6), ended=st.just(1e6 + 1), ttl_s=st.floats(0, 1e20) | st.just(inf)
)


@STEADY
@given(st.lists(st.tuples(any_text, any_text, st.booleans(), refills), min_size=1, max_size=5))
@example([("my cache", key, hit, None) for key in NASTY for hit in (True, False)])
def test_any_key_and_alias_make_standard_headers_and_survive_the_way_to_the_samples(
    seen: list[tuple[str, str, bool, Refill | None]],
) -> None:
    recording = recording_of(
        [(alias, key, None, hit) for alias, key, hit, _ in seen],
        [None if hit else refill for _, _, hit, refill in seen],
    )
    headers = headers_of(recording)
    for value in headers.values():
        assert re.fullmatch(r"[\x20-\x7e]*", value), "one line, and nothing a proxy would refuse"
    members = [*parse_list(headers[wire.CACHE_STATUS])]
    assert [("hit" in parameters) for _, parameters in members] == [hit for _, _, hit, _ in seen]
    assert all(parameters.get("fwd", "miss") == "miss" for _, parameters in members)
    assert all(TIMING.fullmatch(part) for part in headers[wire.SERVER_TIMING].split(", "))

    samples = read(headers)
    decoded = [unquote(key, errors="surrogatepass") for key in keys_of(samples)]
    caches = [unquote(str(samples.caches[at]), errors="surrogatepass") for at in samples.cache]
    assert list(zip(caches, decoded, samples.hit, strict=True)) == [
        (alias, key, hit) for alias, key, hit, _ in seen
    ]


def test_a_plain_key_is_shown_unchanged() -> None:
    header = headers_of(recording_of([("default", "product:17", None, True)]))[wire.CACHE_STATUS]
    assert re.fullmatch(r'default; hit; key="product:17"; detail="\d+\.\d{6}"', header)


def test_times_versions_and_lifetimes_come_out_as_they_went_in() -> None:
    misses = [("default", "a", version, False) for version in (None, 1, 2, 3)]
    stored = [Refill(at + 0.5, at + 0.75, ttl_s) for at, ttl_s in enumerate((inf, 300, 0.5, 0))]
    samples = read(headers_of(recording_of([*misses, ("other", 7, None, True)], stored)))
    assert keys_of(samples) == ["a", "a;version=1", "a;version=2", "a;version=3", "7"]
    assert [str(samples.caches[at]) for at in samples.cache] == ["default"] * 4 + ["other"]
    assert samples.lookup_s.tolist() == [0.25] * 5
    assert samples.ttl_s[:4].tolist() == [inf, 300, 0.5, 0]
    assert samples.origin_s[:4].tolist() == samples.store_s[:4].tolist() == [0.25] * 4
    assert isnan(samples.ttl_s[4])
    assert (samples.at_s - samples.at_s[0]).tolist() == pytest.approx([0, 1, 2, 3, 4], abs=1e-5)
    assert samples.lives.tolist() == [[LIFE.server, LIFE.slot, LIFE.generation, LIFE.pid]]


def test_a_request_without_lookups_reports_its_worker_alone() -> None:
    headers = headers_of(recording_of([]))
    assert headers == {wire.WORKER_HEADER: f"{WORKER}, lookups=0"}
    samples = read(headers)
    assert (samples.life.tolist(), samples.lookups) == ([0], 0)


@pytest.mark.parametrize("key", ["k" * 10, "é" * 250, "k" * 70_000])
def test_evidence_of_many_lookups_stays_below_what_clients_accept(key: str) -> None:
    lookups = [("default", key, None, False)] * 400
    headers = headers_of(recording_of(lookups, [Refill(1e3, 1e3, 300)] * 400))
    assert all(len(value) < 65_000 for value in headers.values())
    assert headers[wire.WORKER_HEADER].endswith("lookups=400")
    assert read(headers).lookups <= wire.MAX_LOOKUPS_PER_RESPONSE


def test_an_answer_of_the_apps_own_in_the_same_headers_is_not_taken_for_evidence() -> None:
    ours = headers_of(recording_of([("default", "a", None, True)]))
    theirs = {wire.CACHE_STATUS: "CDN; hit; ttl=5", wire.SERVER_TIMING: "cache;dur=9.5, db;dur=1"}
    for value in ([theirs, ours], [ours]):
        both: dict[str, Any] = {wire.WORKER_HEADER: ours[wire.WORKER_HEADER]}
        for name in theirs:
            both[name] = [headers[name] for headers in value]
        samples = read(both)
        assert (keys_of(samples), samples.lookup_s.tolist()) == (["a"], [0.25])


def test_evidence_that_lost_its_timings_on_the_way_counts_as_none() -> None:
    headers = headers_of(recording_of([("default", "a", None, True)]))
    del headers[wire.SERVER_TIMING]
    samples = read(headers)
    assert (samples.life.tolist(), samples.lookups) == ([0], 0)


def test_an_answer_without_evidence_has_no_life_and_no_lookups() -> None:
    samples = parse_answers(
        [Answer(1, 0, 0, 0, 0, None, None, None), Answer(0, 0, 0, 0, 200, "nginx", None, None)]
    )
    assert (samples.step.tolist(), samples.status.tolist()) == ([0, 1], [200, 0])
    assert (samples.life.tolist(), samples.lookups, len(samples.lives)) == ([-1, -1], 0, 0)


def test_answers_of_several_workers_are_put_in_the_order_of_the_trace(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    cache = probe.wrap(locmem("trace"))
    answers = []
    for step, pid in [(2, 20), (0, 10), (1, 20)]:
        with probe.request() as recording:
            cache.get_or_set(f"key:{step}", "value")
            sent = dict(evidence_headers(recording, f"server=0, slot=1, generation=1, pid={pid}"))
        timing = sent[wire.SERVER_TIMING]
        answers.append(
            Answer(step, 0, 0, 0, 200, sent[wire.WORKER_HEADER], sent[wire.CACHE_STATUS], timing)
        )
    samples = parse_answers(answers)
    assert samples.step.tolist() == samples.request.tolist() == [0, 1, 2]
    assert keys_of(samples) == ["key:0", "key:1", "key:2"]
    assert samples.lives[samples.life, 3].tolist() == [10, 20, 20]
    assert (samples.origin_s >= 0).all()
    assert (samples.ttl_s == 300).all()
