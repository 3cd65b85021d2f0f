"""The tabs of a competition that anybody may read."""

import re

import pytest
from django.test import Client

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition, RulesAcceptance
from tests.support.factories import CompetitionFactory, pack_spec

pytestmark = pytest.mark.django_db

TABS = ["", "data/", "rules/", "leaderboard/"]


@pytest.mark.parametrize("tab", TABS)
def test_anybody_may_read(client: Client, competition: Competition, tab: str) -> None:
    answer = client.get(f"/competitions/digits/{tab}")
    assert answer.status_code == 200
    assert "Tiny digits" in answer.text


@pytest.mark.parametrize("tab", [*TABS, "submit/", "submissions/"])
def test_an_unknown_competition_is_a_page_that_says_so(
    logged_in: Client, db: None, tab: str
) -> None:
    answer = logged_in.get(f"/competitions/nothing/{tab}")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text
    assert "/docs/errors#not_found" in answer.text


def test_the_overview_tells_metric_quota_budget_and_limits(
    client: Client, competition: Competition
) -> None:
    text = client.get("/competitions/digits/").text
    for said in ("higher is better", "5 submissions, 50 in all", "≤ 32,000", "2 GiB", "CC0-1.0"):
        assert said in text


def _dated(slug: str, *, max_size: int, timezone: str = "UTC") -> None:
    phases = [pack_spec().phases[0].model_dump() | DATES]
    teams = {"max_size": max_size, "merge_deadline": "2031-05-06T07:08:00Z"}
    spec = pack_spec(phases=phases, teams=teams, timezone=timezone)
    CompetitionFactory(slug=slug, spec=spec)


DATES = {
    "opens": "2031-01-02T03:04:00Z",
    "closes": "2031-06-07T08:09:00Z",
    "reveals": "2031-07-08T09:10:00Z",
}


def _timeline(client: Client, slug: str) -> str:
    text = client.get(f"/competitions/{slug}/").text
    (timeline,) = re.findall(r'<dl class="facts timeline">(.*?)</dl>', text, re.DOTALL)
    return str(timeline)


def test_the_timeline_tells_the_phases_the_reveal_and_the_deadline_for_merges(
    client: Client, db: None
) -> None:
    _dated("zoned", max_size=3, timezone="Asia/Tokyo")
    timeline = _timeline(client, "zoned")
    assert "Asia/Tokyo: 2 Jan 2031 12:04 to 7 Jun 2031 17:09" in timeline
    for title, utc, zoned in (
        ("Private boards of Main phase", "2031-07-08T09:10", "8 Jul 2031 18:10"),
        ("Teams may merge", "2031-05-06T07:08", "6 May 2031 16:08"),
    ):
        (told,) = re.findall(f"<dt>{title}</dt><dd>(.*?)</dd>", timeline)
        assert f'datetime="{utc}' in told
        assert f"Asia/Tokyo: {zoned}" in told


def test_teams_of_one_have_no_deadline_for_merges(client: Client, db: None) -> None:
    _dated("alone", max_size=1)
    assert "merge" not in _timeline(client, "alone")


def test_pages_of_the_pack_are_cleaned(client: Client) -> None:
    CompetitionFactory(
        slug="hostile",
        pages={"overview": "# Hi\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1))"},
    )
    text = client.get("/competitions/hostile/").text
    assert "<h2>Hi</h2>" in text
    assert "<script>alert" not in text
    assert 'href="javascript' not in text


def test_data_lists_the_public_files_with_their_sizes(client: Client) -> None:
    CompetitionFactory(slug="files", files={"a/train.csv": b"x" * 2048})
    text = client.get("/competitions/files/data/").text
    assert "a/train.csv" in text
    assert "2 KiB" in text
    assert "/api/v1/competitions/files/data/a/train.csv" in text


def test_accepting_the_rules_is_recorded_and_leads_to_handing_in(
    logged_in: Client, competition: Competition, person: User
) -> None:
    assert "I accept the rules" in logged_in.get("/competitions/digits/rules/").text
    answer = logged_in.post("/competitions/digits/rules/")
    assert answer.status_code == 302
    assert answer["Location"] == "/competitions/digits/submit/"
    assert RulesAcceptance.objects.filter(user=person, competition=competition).exists()
    assert "You have accepted" in logged_in.get("/competitions/digits/rules/").text


def test_a_stranger_is_sent_to_log_in_before_accepting(
    client: Client, competition: Competition
) -> None:
    answer = client.post("/competitions/digits/rules/")
    assert answer.status_code == 302
    assert answer["Location"] == "/accounts/login/?next=/competitions/digits/rules/"
    assert not RulesAcceptance.objects.exists()


def test_accepting_needs_the_csrf_token(competition: Competition, person: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    answer = client.post("/competitions/digits/rules/")
    assert answer.status_code == 403
    assert "The form has expired" in answer.text


@pytest.mark.parametrize(("tab", "queries"), [("", 1), ("data/", 2), ("rules/", 1)])
def test_tabs_cost_a_fixed_number_of_queries(
    client: Client,
    competition: Competition,
    tab: str,
    queries: int,
    django_assert_num_queries: object,
) -> None:
    with django_assert_num_queries(queries):  # type: ignore[operator]
        client.get(f"/competitions/digits/{tab}")
