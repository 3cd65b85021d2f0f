"""The leaderboard page."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from minigiants.competitions.models import Competition
from minigiants.leaderboards.models import Standing
from minigiants.teams.models import Team
from tests.minigiants.web.board_rows import standing
from tests.support.factories import CompetitionFactory, pack_spec

pytestmark = pytest.mark.django_db
PAGE = "/competitions/digits/leaderboard/"


def rows(text: str) -> list[str]:
    return re.findall(r'<th scope="row"[^>]*>([^<]*)', text)


def test_an_empty_board_invites(client: Client, competition: Competition) -> None:
    text = client.get(PAGE).text
    assert text.count("No model has been scored in this division yet") == 2


def test_teams_stand_in_order_each_in_its_division(
    client: Client, competition: Competition
) -> None:
    standing(competition, "second", 0.95)
    standing(competition, "first", 0.975)
    standing(competition, "heavy", 0.99, division="micro")
    text = client.get(PAGE).text
    assert rows(text) == ["first", "second", "heavy"]
    assert "0.9750" in text
    assert "1.23 ms" in text
    assert 'title="3,000 bytes"' in text
    assert 'aria-sort="descending"' in text
    assert rows(client.get(PAGE, {"division": "micro"}).text) == ["heavy"]


def test_lower_is_better_is_said_and_sorted_so(client: Client) -> None:
    metrics = [{"name": "log_loss", "title": "Log loss"}]
    CompetitionFactory(slug="loss", spec=pack_spec(metrics=metrics))
    competition = Competition.objects.get(slug="loss")
    standing(competition, "worse", 0.4, ranking_key=0.4)
    standing(competition, "better", 0.2, ranking_key=0.2)
    text = client.get("/competitions/loss/leaderboard/").text
    assert rows(text) == ["better", "worse"]
    assert 'aria-sort="ascending"' in text
    assert "lower is better" in text


def test_baselines_and_the_own_team_are_marked(
    logged_in: Client, client: Client, competition: Competition, team: Team
) -> None:
    standing(competition, "linear", 0.9, is_baseline=True)
    standing(competition, team.name, 0.8)
    text = logged_in.get(PAGE).text
    assert "Baseline" in text
    assert "Your team" in text
    assert text.count('class="mine"') == 1
    assert "Your team" not in client.get(PAGE).text


def test_a_hostile_team_name_is_text(client: Client, competition: Competition) -> None:
    standing(competition, "<img src=x onerror=alert(1)>", 0.9)
    text = client.get(PAGE).text
    assert "<img" not in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text


def test_a_long_board_goes_on_page_by_page(client: Client, competition: Competition) -> None:
    for number in range(60):
        standing(competition, f"team {number:02}", 0.9 - number / 1000)
    first = client.get(PAGE).text
    assert len(rows(first)) == 50
    more = re.search(r'href="(\?phase=main&amp;division=nano&amp;cursor=[^"]+)"', first)
    assert more is not None
    address = PAGE + more[1].replace("&amp;", "&")
    second = client.get(address).text
    assert rows(second)[0] == "team 50"
    assert ">51<" in second
    assert "Back to the top of this board" in second
    fragment = client.get(address, headers={"HX-Request": "true"}).text
    assert rows(fragment) == rows(second)
    assert "<html" not in fragment


def test_a_forged_cursor_is_a_page_that_says_so(client: Client, competition: Competition) -> None:
    standing(competition, "first", 0.975)
    answer = client.get(PAGE, {"division": "nano", "cursor": "bm90IGpzb24="})
    assert answer.status_code == 422
    assert "invalid_input" in answer.text


@pytest.mark.parametrize("query", [{"division": "none"}, {"phase": "none"}])
def test_what_does_not_exist_is_not_found(
    client: Client, competition: Competition, query: dict[str, str]
) -> None:
    assert client.get(PAGE, query).status_code == 404


def test_phases_can_be_switched(client: Client) -> None:
    now = timezone.now()
    phases = [
        {
            "slug": slug,
            "title": slug.capitalize(),
            "opens": now + timedelta(days=start),
            "closes": now + timedelta(days=start + 5),
            "quota": {"per_day": 5},
        }
        for slug, start in (("main", -8), ("final", -2))
    ]
    competition = CompetitionFactory(slug="phases", spec=pack_spec(phases=phases))
    standing(competition, "early", 0.9)
    standing(competition, "late", 0.9, phase="final")
    page = "/competitions/phases/leaderboard/"
    assert rows(client.get(page).text) == ["late"]
    assert rows(client.get(page, {"phase": "main"}).text) == ["early"]


def test_the_page_costs_the_same_however_long_the_board_is(
    client: Client, competition: Competition, django_assert_num_queries: object
) -> None:
    for number in range(40):
        standing(competition, f"team {number}", 0.5, division=["nano", "micro"][number % 2])
    assert Standing.objects.count() == 40
    with django_assert_num_queries(7):  # type: ignore[operator]
        client.get(PAGE)
