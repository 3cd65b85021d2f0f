"""TeX formulas in Markdown, as MathML that browsers typeset by themselves.

The converter is a large library fed with a stranger's text, so its answer is not trusted: it has
to be well-formed, of known elements only, and loses every attribute that is not known. What
fails is shown as the TeX that it was.
"""

from functools import lru_cache
from html import escape
from typing import Any, Final
from xml.etree import ElementTree as ET

import latex2mathml.converter
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

MATHML_ELEMENTS: Final = frozenset(
    {"math", "menclose", "mfrac", "mi", "mn", "mo", "mover", "mpadded", "mphantom", "mroot"}
    | {"mrow", "mspace", "msqrt", "mstyle", "msub", "msubsup", "msup", "mtable", "mtd", "mtext"}
    | {"mtr", "munder", "munderover"}
)
MATHML_ATTRIBUTES: Final = {
    "math": {"display"},
    "mi": {"mathvariant"},
    "mo": {"fence", "form", "largeop", "movablelimits", "stretchy"},
    "mfrac": {"linethickness"},
    "mstyle": {"displaystyle", "scriptlevel"},
    "mtable": {"columnalign", "columnspacing", "rowspacing"},
    "munderover": {"accent", "accentunder"},
    "mover": {"accent"},
}
MAX_CHARACTERS: Final = 600
"""The longest formula that is typeset: conversion takes about 0.1 ms a character."""

# Macros could make much of little; the others make attributes that are refused anyway.
_REFUSED: Final = ("\\def", "\\newcommand", "\\href", "\\style", "\\class")
_NAMESPACE: Final = "{http://www.w3.org/1998/Math/MathML}"


def install(parser: MarkdownIt) -> None:
    """Let `parser` take $…$ and $$…$$ as formulas. “$5 and $6” are none."""
    parser.use(
        dollarmath_plugin,
        renderer=_render,
        allow_labels=False,
        allow_digits=False,
        double_inline=True,
    )


def _render(tex: str, options: dict[str, Any]) -> str:
    is_block = bool(options["display_mode"])
    mathml = tex_to_mathml(tex, is_block=is_block)
    if mathml is not None:
        return mathml
    mark = "$$" if is_block else "$"
    return f"<code>{escape(mark + tex.strip() + mark)}</code>"


@lru_cache(maxsize=4096)
def tex_to_mathml(tex: str, *, is_block: bool) -> str | None:
    """`tex` as a `<math>` element, None where it can't be typeset."""
    if len(tex) > MAX_CHARACTERS or any(command in tex for command in _REFUSED):
        return None
    try:
        markup = latex2mathml.converter.convert(tex, display="block" if is_block else "inline")
        root = ET.fromstring(markup)  # noqa: S314  (no entities: TeX can't write a document type)
    except Exception:  # noqa: BLE001, RUF100  (whatever a hostile formula does to the library)
        return None
    for element in root.iter():
        name = element.tag.removeprefix(_NAMESPACE)
        if name not in MATHML_ELEMENTS:
            return None
        element.tag = name
        known = MATHML_ATTRIBUTES.get(name, set())
        element.attrib = {key: value for key, value in element.attrib.items() if key in known}
    return ET.tostring(root, encoding="unicode")
