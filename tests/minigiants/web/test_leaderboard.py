"""The leaderboard page."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition, Host, Phase
from minigiants.leaderboards.models import Board, EarlierRank, Standing
from minigiants.leaderboards.statistics_models import StandingStatistics
from minigiants.teams.models import Team
from tests.minigiants.leaderboards.entering import START, enter
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
    assert text.count('<tr class="mine"') == 1
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
    more = re.search(r'href="(\?[^"]*cursor=[^"]+)"', first)
    assert more is not None
    assert "division=nano" in more[1]
    address = PAGE + more[1].replace("&amp;", "&")
    second = client.get(address).text
    assert rows(second)[0] == "team 50"
    assert re.search(r'data-label="Rank">51<', second)
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
    with django_assert_num_queries(11):  # type: ignore[operator]
        client.get(PAGE)


def entered(competition: Competition) -> list[Team]:
    """Three teams with histories, which stand the other way round privately."""
    teams = []
    for number, name in enumerate(["alpha", "<b>beta</b>", "gamma"]):
        team = Team.objects.create(competition=competition, name=name)
        for step in range(3):
            enter(
                team,
                0.9 - number / 10 + step / 100,
                START + timedelta(minutes=10 * step + number),
                private=0.111 + number / 10,
                parameters=900 - number * 100,
                latency_seconds=0.001 * (number + 1),
            )
        teams.append(team)
    return teams


def test_certainty_change_front_and_trend_are_shown(
    client: Client, competition: Competition
) -> None:
    teams = entered(competition)
    board = Board.objects.get(split="public", division__slug="nano")
    for rank, team in ((3, teams[0]), (1, teams[1])):
        EarlierRank.objects.create(board=board, team=team, rank=rank)
    best = Standing.objects.get(board=board, team=teams[0])
    StandingStatistics.objects.create(
        board=board,
        submission_id=best.submission_id,
        low=0.8812,
        high=0.9321,
        band=1,
        lowest_rank=1,
        highest_rank=2,
    )
    text = client.get(PAGE, {"division": "nano"}).text
    for wanted in ("up 2", "down 1", ">new<", "tie band 1", "0.8812 to 0.9321", "Pareto front"):
        assert wanted in text
    assert text.count('class="spark"') == 3
    assert "3 improvements, from 0.9 to 0.92" in text
    assert "&lt;b&gt;beta&lt;/b&gt;" in text


def test_teams_are_searched_sorted_and_stood_around(
    client: Client, logged_in: Client, competition: Competition, team: Team
) -> None:
    entered(competition)
    enter(team, 0.5, START)
    query = {"division": "nano"}
    assert rows(client.get(PAGE, query | {"team": "GA"}).text) == ["gamma"]
    assert "No team" in client.get(PAGE, query | {"team": "zeta"}).text
    assert rows(client.get(PAGE, query | {"sort": "parameters"}).text)[0] == "Ada&#x27;s team"
    around = logged_in.get(PAGE, query | {"around": "me"}).text
    assert "Your team" in around
    assert client.get(PAGE, {"sort": "colour"}).status_code == 422


@pytest.mark.parametrize("view", ["", "pareto/", "history/", "shake-up/", "late/"])
def test_nothing_of_the_private_board_is_on_any_page_before_it_is_revealed(
    client: Client, logged_in: Client, competition: Competition, team: Team, view: str
) -> None:
    entered(competition)
    enter(team, 0.5, START, private=0.111)
    for visitor in (client, logged_in):
        for query in ({}, {"split": "private"}):
            answer = visitor.get(PAGE + view, query)
            hidden = bool(query) or view == "shake-up/"
            assert answer.status_code == (403 if hidden else 200)
            assert "0.111" not in answer.text
            assert "0.311" not in answer.text
            assert "split=private" not in answer.text
            assert "ETag" not in answer
            if not hidden:
                assert answer["Cache-Control"] == "private, no-store"


def test_once_revealed_the_private_board_and_the_shake_up_are_shown(
    client: Client, competition: Competition
) -> None:
    entered(competition)
    Board.objects.filter(split="private").update(revealed_at=START)
    private = client.get(PAGE, {"split": "private", "division": "nano"}).text
    assert rows(private)[0] == "gamma"
    text = client.get(PAGE + "shake-up/").text
    assert "Of 3 teams 1 climbed, 1 fell and 1 stayed" in text
    assert "up 2" in text
    assert "down 2" in text
    assert "<b>beta" not in text


@pytest.mark.parametrize("axis", ["parameters", "latency"])
def test_the_pareto_page_has_a_chart_and_the_same_as_a_table(
    client: Client, competition: Competition, axis: str
) -> None:
    entered(competition)
    text = client.get(PAGE + "pareto/", {"axis": axis}).text
    assert "<svg" in text
    assert "3 models." in text
    front = {"parameters": 3, "latency": 1}[axis]
    assert text.count('class="badge good">Front') == front
    assert text.count('class="point front"') == front
    assert "<b>beta" not in text
    assert client.get(PAGE + "pareto/", {"axis": "colour"}).status_code == 422
    assert "There are no points yet" in client.get(PAGE + "pareto/", {"axis": "memory"}).text


def test_scores_over_time_are_drawn_and_listed(client: Client, competition: Competition) -> None:
    teams = entered(competition)
    text = client.get(PAGE + "history/", {"team": str(teams[1].pk)}).text
    assert "Best: 3 steps, the last alpha: 0.9200" in text
    assert text.count("<td>Team</td>") == 3
    assert client.get(PAGE + "history/", {"team": "x"}).status_code == 404


def test_hosts_reveal_and_freeze_from_the_page(
    client: Client, logged_in: Client, competition: Competition, person: User
) -> None:
    entered(competition)
    assert "For hosts" not in logged_in.get(PAGE).text
    act = "/competitions/digits/phases/main/{}/"
    assert logged_in.post(act.format("freeze")).status_code == 403
    Host.objects.create(competition=competition, user=person, role=Host.Role.OWNER)
    assert "For hosts" in logged_in.get(PAGE).text
    logged_in.post(act.format("freeze"))
    assert "Frozen since" in client.get(PAGE).text
    logged_in.post(act.format("thaw"))
    assert "Frozen since" not in client.get(PAGE).text
    assert "still takes submissions" in logged_in.post(act.format("reveal"), follow=True).text
    Phase.objects.update(closes_at=START - timedelta(hours=1))
    logged_in.post(act.format("reveal"))
    assert client.get(PAGE, {"split": "private"}).status_code == 200
    assert logged_in.post(act.format("delete")).status_code == 404
