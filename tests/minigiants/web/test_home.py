"""The start page and the list of competitions."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from minigiants.competitions.models import Competition
from tests.minigiants.web.board_rows import standing
from tests.support.factories import CompetitionFactory, pack_spec

pytestmark = pytest.mark.django_db


def phase(slug: str, opens: int, closes: int) -> dict[str, object]:
    now = timezone.now()
    return {
        "slug": slug,
        "title": slug.capitalize(),
        "opens": now + timedelta(days=opens, hours=1 if opens > 0 else 0),
        "closes": now + timedelta(days=closes, hours=1),
        "quota": {"per_day": 5},
    }


def test_a_bare_installation_says_that_nothing_runs(client: Client) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert "Nothing runs at the moment" in answer.text


def test_home_shows_what_runs_with_its_budget_time_and_leaders(
    client: Client, competition: Competition
) -> None:
    standing(competition, "Leaders", 0.975)
    text = client.get("/").text
    assert "Tiny digits" in text
    assert "≤ 1k, ≤ 10k parameters" in text
    assert "29 days" in text or "30 days" in text
    assert "Leaders" in text
    assert "0.9750" in text


def test_baselines_are_no_teams(client: Client, competition: Competition) -> None:
    standing(competition, "linear", 0.9, is_baseline=True)
    standing(competition, "people", 0.8)
    assert "<dt>Teams</dt><dd>1</dd>" in client.get("/").text


def test_home_shows_only_what_runs_and_the_list_shows_all(client: Client) -> None:
    CompetitionFactory(spec=pack_spec(title="Ended", phases=[phase("main", -30, -2)]))
    CompetitionFactory(spec=pack_spec(title="Coming", phases=[phase("main", 3, 30)]))
    CompetitionFactory(spec=pack_spec(title="Running", phases=[phase("main", -1, 30)]))
    home, every = client.get("/").text, client.get("/competitions/").text
    assert "Running" in home
    assert "Ended" not in home
    assert "Coming" not in home
    assert every.index("Running") < every.index("Coming")
    assert "Opens in 3 days" in every
    assert "Ended" in every


def test_a_hostile_title_is_text(client: Client) -> None:
    CompetitionFactory(spec=pack_spec(title="<script>alert(1)</script>"))
    text = client.get("/competitions/").text
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_the_list_costs_the_same_however_long_it_is(
    client: Client, django_assert_num_queries: object
) -> None:
    for _ in range(3):
        CompetitionFactory()
    with django_assert_num_queries(2):  # type: ignore[operator]
        client.get("/competitions/")


def test_home_asks_for_at_most_four_boards(
    client: Client, django_assert_max_num_queries: object
) -> None:
    for _ in range(7):
        CompetitionFactory()
    with django_assert_max_num_queries(2 + 4 * 4):  # type: ignore[operator]
        text = client.get("/").text
    assert text.count("<article") == 4
    assert "All competitions" in text


def test_the_icon_is_found_where_tools_look_for_it(client: Client) -> None:
    answer = client.get("/favicon.ico")
    assert answer.status_code == 302
    assert answer["Location"] == "/static/web/icon.svg"
