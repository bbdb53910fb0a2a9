"""The report as a picture."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from harness.report.document import run_document
from harness.report.formats.svg import render_svg
from tests.summaries import make_summary


def test_picture_is_xml_that_loads_nothing_from_outside() -> None:
    picture = render_svg(run_document(make_summary(question="Is <a> & b kept?")))
    ElementTree.fromstring(picture)
    assert set(re.findall(r"https?://[^\"' )]+", picture)) == {"http://www.w3.org/2000/svg"}
    assert "@font-face" not in picture


def test_equal_runs_give_equal_pictures() -> None:
    assert render_svg(run_document(make_summary())) == render_svg(run_document(make_summary()))
