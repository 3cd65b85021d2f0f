"""The page of records."""

import pytest
from django.test import Client

from minigiants.competitions.models import Competition
from minigiants.leaderboards.evidence import evidence_compare
from tests.minigiants.leaderboards.entering import new_team
from tests.support.evidence import competition_with_labels, enter_losses, wrong_of


@pytest.fixture
def competition(db: None) -> Competition:
    return competition_with_labels()


def page(client: Client, competition: Competition) -> str:
    return client.get(f"/competitions/{competition.slug}/records/").text


def test_a_division_without_a_model(client: Client, competition: Competition) -> None:
    text = page(client, competition)
    assert text.count("No model has been scored in this division yet.") == 2
    assert "<figure" not in text


def test_records_are_drawn_told_and_listed(client: Client, competition: Competition) -> None:
    rates = {"first": 0.4, "second": 0.2, "third": 0.05}
    for seed, (name, rate) in enumerate(rates.items()):
        enter_losses(new_team(competition, f"<b>{name}</b>"), wrong_of(seed, rate))
    evidence_compare(division_id=competition.divisions.get(slug="nano").pk)
    text = page(client, competition)
    assert "3 records, from" in text
    assert "of 2 challengers." in text
    assert text.count('class="point line0"') == 3
    assert "Exact McNemar test, 400 examples" in text
    assert "<b>first" not in text
    answer = client.get(f"/api/v1/competitions/{competition.slug}/records?division=nano").json()
    [division] = answer["divisions"]
    assert [record["evidence"] is None for record in division["records"]] == [True, False, False]
    table = client.get(f"/api/v1/competitions/{competition.slug}/records?format=csv").text
    assert len(table.splitlines()) == 4
    assert table.startswith("division,team,score,")
    assert division["spent"] == pytest.approx(0.01 * (1 / 2 + 1 / 6))


def test_a_lone_record_is_told_in_words(client: Client, competition: Competition) -> None:
    division = competition.divisions.get(slug="nano").pk
    enter_losses(new_team(competition), wrong_of(1, 0.4))
    evidence_compare(division_id=division)
    assert "Nobody has challenged it yet." in page(client, competition)
    enter_losses(new_team(competition), wrong_of(1, 0.4))
    evidence_compare(division_id=division)
    text = page(client, competition)
    assert "None of 1 challenger has beaten it by more than noise." in text


def test_the_page_takes_a_fixed_number_of_queries(
    client: Client, competition: Competition, django_assert_max_num_queries: object
) -> None:
    for seed in range(6):
        enter_losses(new_team(competition), wrong_of(seed, 0.6 - seed / 10))
    evidence_compare(division_id=competition.divisions.get(slug="nano").pk)
    with django_assert_max_num_queries(8):  # type: ignore[operator]
        page(client, competition)
