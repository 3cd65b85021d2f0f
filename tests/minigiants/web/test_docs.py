"""The documentation in the site: every code that can be met has an anchor."""

from django.test import Client

from evaluator.contract import Failure
from evaluator.inspection.refusals import RefusalCode
from minigiants.core.problems import Problem
from minigiants.web.error_catalogue import error_catalogue


def problem_kinds(kind: type[Problem] = Problem) -> set[type[Problem]]:
    children = set(kind.__subclasses__())
    return children.union(*(problem_kinds(child) for child in children))


def test_every_code_is_documented_once(client: Client) -> None:
    text = client.get("/docs/errors").text
    codes = {code.value for code in RefusalCode} | {failure.value for failure in Failure}
    codes |= {k.code for k in problem_kinds() if k.__module__.startswith("minigiants.")}
    assert len(codes) > 60
    for code in codes:
        assert text.count(f'id="{code}"') == 1, code


def test_every_code_says_how_to_mend_it() -> None:
    for section in error_catalogue():
        for entry in section.entries:
            assert all(case.title for case in entry.cases), entry.code


def test_a_code_with_two_meanings_has_both() -> None:
    entries = {entry.code: entry for section in error_catalogue() for entry in section.entries}
    assert len(entries["needs_container"].cases) == 2


def test_the_quick_start_names_this_installation(client: Client) -> None:
    text = client.get("/docs/quickstart").text
    assert "http://testserver" in text


def test_docs_need_no_database(client: Client) -> None:
    assert client.get("/docs/errors").status_code == 200
