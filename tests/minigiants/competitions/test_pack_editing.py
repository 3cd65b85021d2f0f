"""Changing competition.yaml where its author wrote it."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from minigiants.competitions.pack_editing import Place, with_values
from tests.support.reference_packs import PACKS, slugs

TEXT = """\
# What it is about
title: Digits   # short
phases:
  - slug: open  # for ever
    closes: 2100-01-01T00:00:00Z
    quota: {per_day: 5}
"""


def test_comments_and_order_stay() -> None:
    places: dict[Place, Any] = {
        ("title",): "Letters",
        ("phases", 0, "closes"): "2030-05-01T12:00",
        ("phases", 0, "quota", "total"): 9,
        ("visibility", "audience"): "link",
    }
    written = with_values(TEXT, places)
    assert written.splitlines()[:5] == [
        "# What it is about",
        "title: Letters  # short",
        "phases:",
        "  - slug: open  # for ever",
        "    closes: 2030-05-01T12:00",
    ]
    assert yaml.safe_load(written)["phases"][0]["quota"] == {"per_day": 5, "total": 9}
    assert yaml.safe_load(written)["visibility"] == {"audience": "link"}


def test_none_removes() -> None:
    written = with_values(TEXT, {("phases", 0, "closes"): None, ("split", "seed"): None})
    assert yaml.safe_load(written) == {
        "title": "Digits",
        "phases": [{"slug": "open", "quota": {"per_day": 5}}],
    }


@pytest.mark.parametrize("slug", slugs())
def test_the_reference_packs_keep_their_meaning(slug: str) -> None:
    text = (PACKS / slug / "competition.yaml").read_text()
    before = yaml.safe_load(text)
    after = yaml.safe_load(with_values(text, {("title",): before["title"] + "!"}))
    assert after.pop("title") == before.pop("title") + "!"
    assert after == before


@given(st.text(st.characters(exclude_categories=["C"]), max_size=80))
def test_any_words_come_back_as_they_were(words: str) -> None:
    assert yaml.safe_load(with_values(TEXT, {("title",): words}))["title"] == words
