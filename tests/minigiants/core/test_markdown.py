"""Pages are written by others: nothing in them may run, load or leave the page unmarked."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigiants.core.markdown import ATTRIBUTES, ELEMENTS, URL_SCHEMES, markdown_to_html

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<iframe src=//evil.example></iframe>",
    "<style>body{display:none}</style>",
    "<form action=//evil.example><input name=password></form>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#x09;script:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](vbscript:msgbox(1))",
    "[x](file:///etc/passwd)",
    "<javascript:alert(1)>",
    '[x](https://ok.example "a" onmouseover="alert(1)")',
    '[x](https://ok.example "\\" onmouseover=\\"alert(1)")',
    "![x](https://evil.example/pixel.png)",
    '![x](https://evil.example/"onerror="alert(1).png)',
    "[x]: javascript:alert(1)\n\n[x]",
    '```"onclick=alert(1) x\n<b>\n```',
    "~~~ <script>\n</code></pre><script>alert(1)</script>\n~~~",
    "`</code><script>alert(1)</script>`",
    "| <script> |\n| --- |\n| <img src=x onerror=alert(1)> |",
    "<!-- --><script>alert(1)</script>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "# <b onclick=alert(1)>x</b>",
    r"$\text{<img src=x onerror=alert(1)>}$",
    r"$\text{</mtext></math><script>alert(1)</script>}$",
    r"$\href{javascript:alert(1)}{x}$ $\class{a}{x}$ $\style{color:red}{x}$",
    "$$\n<svg onload=alert(1)>\n$$",
]
TAG = re.compile(r"<\s*/?\s*([a-zA-Z][^\s/>]*)([^>]*)>")
# As browsers see a URL: blanks at its start and control characters do not count.
CONTROLS = re.compile(r"[\x00-\x20]")
SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
ATTRIBUTE = re.compile(r"([a-zA-Z-]+)=\"([^\"]*)\"")


def assert_harmless(html: str) -> None:
    for element, rest in TAG.findall(html):
        assert element in ELEMENTS, html
        assert "'" not in ATTRIBUTE.sub("", rest), html
        for name, value in ATTRIBUTE.findall(rest):
            assert name in ATTRIBUTES.get(element, set()) | {"rel"}, html
            scheme = SCHEME.match(CONTROLS.sub("", unescape(value)))
            if name == "href" and scheme:
                assert scheme[1].lower() in URL_SCHEMES, html


@pytest.mark.parametrize("text", ATTACKS)
def test_an_attack_is_text_or_gone(text: str) -> None:
    html = markdown_to_html(text)
    assert_harmless(html)
    assert "<script" not in html
    assert "<img" not in html


@given(
    st.lists(
        st.sampled_from(
            [
                "script",
                "javascript",
                "onclick=",
                "href=",
                "a",
                "//",
                "data",
                *"<>\"'&[]()!`\n |-#:\\\x00é",
            ]
        ),
        max_size=40,
    ).map("".join)
)
def test_any_text_becomes_harmless_html(text: str) -> None:
    assert_harmless(markdown_to_html(text))


def test_what_pages_need_is_there() -> None:
    html = markdown_to_html(
        "## Data\n\nSee *this* and **that**, ~~not~~ `code`.\n\n3. three\n\n"
        "| a | b |\n| --- | --: |\n| 1 | 2 |\n\n```python\nx < 1\n```\n\n> said\n"
    )
    for part in (
        "<h2>Data</h2>",
        "<em>this</em>",
        "<strong>that</strong>",
        "<s>not</s>",
        "<code>code</code>",
        '<ol start="3">',
        "<th>a</th>",
        "<td>2</td>",
        "<pre><code>x &lt; 1\n</code></pre>",
        "<blockquote>",
    ):
        assert part in html


def test_links_say_that_they_lead_away() -> None:
    html = markdown_to_html("[x](https://example.org) <mailto:a@example.org> [y](/rules/)")
    assert html.count('rel="nofollow noopener"') == 3
    assert 'href="/rules/"' in html
