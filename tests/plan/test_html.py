"""The HTML report stands for itself, says the headline, and runs nothing that a scenario brings."""

from html.parser import HTMLParser

import pytest

import procure
from procure.plan.export import write_plan
from procure.plan.html import html
from procure.plan.view.headline import headline
from procure.scenario.scenario import build
from tests.plan.solved import DAYS, NAMES, solved

HOSTILE = "<script>alert('1')</script>\"'><img src=x onerror=alert(2)> & {{ 7 * 7 }} ]]> javascript:alert(3)"


class Page(HTMLParser):
    """The elements, attributes, ids and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.said = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        """Keep an element and its attributes."""
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        """Keep a piece of text."""
        self.said.append(data)

    @property
    def ids(self):
        """What links and clips point to."""
        return [value for name, value in self.attributes if name == "id"]


@pytest.mark.parametrize("name", NAMES)
def test_a_report_stands_for_itself(name):
    """No scripts, nothing fetched, ids that differ, pictures with words, every number of the headline."""
    plan = solved(name)
    text = html(plan)
    page = Page(text)
    assert not {"script", "img", "link", "iframe", "object", "foreignObject", "foreignobject"} & set(page.tags)
    assert "http://" not in text
    assert "https://" not in text
    assert not [each for each in page.attributes if each[0].startswith("on") or each[0] in ("src", "xlink:href")]
    assert all(value.startswith("#") for key, value in page.attributes if key == "href")
    assert "url(" not in text.replace("url(#", "")
    assert len(page.ids) == len(set(page.ids))
    pictures = [value for key, value in page.attributes if key == "aria-label"]
    assert page.tags.count("figure") == sum(tag == "figcaption" for tag in page.tags)
    assert all(pictures)
    for number in headline(plan):
        assert number.value in page.said
    assert plan.provenance["scenario_hash"] in page.said
    assert len(text) < 3_000_000


def test_hostile_words_stay_words():
    """Descriptions, units of work and notes are shown as they are, in tables and in charts."""
    work = {**DAYS["workloads"][0], "unit": HOSTILE}
    plan = procure.solve(build({**DAYS, "description": HOSTILE, "workloads": [work]}))
    text = html(plan)
    page = Page(text)
    assert not {"script", "img"} & set(page.tags)
    assert not [key for key, _ in page.attributes if key.startswith("on")]
    assert HOSTILE in page.said
    assert any("<script>" in said and said != HOSTILE for said in page.said)  # in the title of an axis


def test_characters_that_no_picture_may_hold_end_nothing():
    """The converter of charts aborts the whole process over a control character in the title of an axis."""
    work = {**DAYS["workloads"][0], "unit": "a\x1b\x00\ufffe[31m"}
    assert "a\ufffd\ufffd\ufffd[31m" in html(procure.solve(build({**DAYS, "workloads": [work]}))).replace("\x1b", "")


def test_a_report_follows_light_and_dark():
    """Colours of the page are those that the reader prefers, and text in charts has them too."""
    text = html(solved("0"))
    assert "prefers-color-scheme: dark" in text
    assert 'fill="currentColor"' in text
    assert "#7B7B7C" not in text.split("</style>")[1].upper().split("STROKE")[0]


def test_the_report_is_written_whole(tmp_path):
    """`plan.html` is a target like the others."""
    write_plan(solved("0"), tmp_path / "plan.html")
    assert (tmp_path / "plan.html").read_text() == html(solved("0"))
