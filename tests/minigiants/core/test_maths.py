"""Formulas: typeset where that is safe, else shown as they were written."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigiants.core.markdown import markdown_to_html
from minigiants.core.maths import MATHML_ATTRIBUTES, MATHML_ELEMENTS, MAX_CHARACTERS, tex_to_mathml

PIECES = st.sampled_from(
    [
        r"\frac",
        r"\sqrt",
        r"\text",
        r"\sum",
        r"\left(",
        r"\right)",
        r"\begin{matrix}",
        r"\end{matrix}",
        r"\mathbf",
        r"\color",
        r"\hline",
        r"\phantom",
        r"\Huge",
        r"\limits",
        r"\substack",
        r"\overbrace",
        r"\unknown",
        r"{",
        r"}",
        r"^",
        r"_",
        r"&",
        r"<",
        r">",
        r"x",
        r"1",
        r"\\",
        r"<b>",
    ]
)


def test_formulas_are_typeset() -> None:
    html = markdown_to_html("Let $x_i^2$ be.\n\n$$\n\\frac{a}{b} < 1\n$$")
    assert '<math display="inline"><mrow><msubsup><mi>x</mi>' in html
    assert '<math display="block">' in html
    assert "<mfrac>" in html
    assert "<mo>&lt;</mo>" in html


@pytest.mark.parametrize("text", ["It costs $5 or $6.", "`$x$`", "    $x$", r"\$x\$"])
def test_what_is_no_formula_stays(text: str) -> None:
    assert "<math" not in markdown_to_html(text)


@pytest.mark.parametrize(
    "tex",
    [
        r"\frac{",
        r"\text{<b>bold</b>}",
        r"\def\a{\a\a}\a",
        r"\newcommand{\a}{x}\a",
        r"\href{https://evil.example}{x}",
        "{" * 300,
        "x" * (MAX_CHARACTERS + 1),
    ],
)
def test_what_can_not_be_typeset_is_shown_as_written(tex: str) -> None:
    assert tex_to_mathml(tex, is_block=False) is None
    html = markdown_to_html(f"${tex}$")
    assert "<math" not in html
    assert html.startswith("<p><code>$")


def test_colours_and_other_attributes_are_dropped() -> None:
    html = markdown_to_html(r"$\color{red}{x}$")
    assert "<math" in html
    assert "red" not in html


@settings(deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_any_formula_is_of_known_elements_and_attributes(tex: str) -> None:
    from xml.etree import ElementTree as ET

    mathml = tex_to_mathml(tex, is_block=True)
    for element in ET.fromstring(mathml).iter() if mathml else ():
        assert element.tag in MATHML_ELEMENTS
        assert set(element.attrib) <= MATHML_ATTRIBUTES.get(element.tag, set())
