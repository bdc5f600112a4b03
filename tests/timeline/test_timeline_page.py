"""The page of a timeline in a real browser, and the picture."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

from skyburst.timeline.chart import chart
from skyburst.timeline.drawing import picture
from skyburst.timeline.page import page
from skyburst.timeline.stages import Timeline, timeline_of
from tests.timeline.jobs import a_batch, a_job, batches, spans

SVG = "{http://www.w3.org/2000/svg}"


def whole() -> Timeline:
    return timeline_of(a_job(), "aws", batches(), spans(), now=5000.0)


def test_the_page_draws_its_chart_without_a_network_and_says_the_numbers(open_html: Callable[..., Any]) -> None:
    tab = open_html(page(whole()).encode())
    canvas = tab.wait_for_selector("#chart canvas")
    assert canvas.bounding_box()["height"] > 200
    text = tab.inner_text("body")
    assert "Timeline of job job-1" in text
    assert "Analysis x 1.0 at home aws; SUCCEEDED: <b>all done" in text, "text from outside is text, whatever is in it"
    assert "ValueError: <i>no</i>" in text
    row = tab.locator("tr", has_text="workers: running").inner_text().split("\t")
    assert row[1:] == ["10", "3.028", "2.035", "2.991", "2.000", "12.000"]


def test_a_bar_says_what_it_is_when_it_is_pointed_at(open_html: Callable[..., Any]) -> None:
    one = timeline_of(a_job(), "aws", [a_batch(3, 1000.5, 19.5)], [], now=5000.0)
    tab = open_html(page(one).encode())
    box = tab.wait_for_selector("#chart canvas").bounding_box()
    for down in range(150, int(box["height"]), 4):
        tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + down)
        if tab.locator("#vg-tooltip-element.visible").count():
            break
    assert "batch 3" in tab.inner_text("#vg-tooltip-element")
    assert "19.5" in tab.inner_text("#vg-tooltip-element")


def test_the_picture_names_each_group_of_bars() -> None:
    drawn = ET.fromstring(picture(chart(whole()), "svg"))
    words = {"".join(element.itertext()) for element in drawn.iter(f"{SVG}text")}
    assert {
        "plan",
        "watcher",
        "managers 0",
        "managers 1",
        "lane 0",
        "lane 1",
        "combiner",
        "second stage",
        "straggler",
        "cold start",
    } <= words
    local = ET.fromstring(picture(chart(timeline_of(a_job(), "local", batches(), [], now=5000.0)), "svg"))
    assert {"process 0", "process 1"} <= {"".join(element.itertext()) for element in local.iter(f"{SVG}text")}
    assert picture(chart(whole()), "png").startswith(b"\x89PNG")
