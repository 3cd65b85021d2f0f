"""Each submission compared once: with its team's best, and with the record of its division."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from django.db import connections
from django.utils import timezone

from minigiants.competitions.models import Competition, Division
from minigiants.leaderboards.evidence import divisions_waiting, evidence_compare
from minigiants.leaderboards.models import Challenge, Entry
from minigiants.leaderboards.records import record_histories
from minigiants.leaderboards.statistics_selectors import against_best
from tests.minigiants.leaderboards.entering import enter, new_team
from tests.support.evidence import (
    competition_with_labels,
    enter_losses,
    labels_publish,
    wrong_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def competition() -> Competition:
    return competition_with_labels(records={"alpha": 0.02})


def nano(competition: Competition) -> Division:
    return competition.divisions.get(slug="nano")


def compare(competition: Competition) -> int:
    return evidence_compare(division_id=nano(competition).pk)


def test_a_submission_against_the_best_before_it(competition: Competition) -> None:
    team = new_team(competition)
    first, _ = enter_losses(team, wrong_of(1, 0.3))
    second, _ = enter_losses(team, wrong_of(2, 0.1))
    third, _ = enter_losses(team, wrong_of(3, 0.2))
    assert divisions_waiting() == [nano(competition).pk]
    assert compare(competition) == 3
    assert divisions_waiting() == []
    assert compare(competition) == 0
    known = against_best(submissions=[first, second, third])
    assert set(known) == {second, third}
    assert known[second].best_submission_id == first
    assert known[third].best_submission_id == second
    difference = wrong_of(3, 0.2).mean() - wrong_of(2, 0.1).mean()
    assert known[third].difference == pytest.approx(difference)
    assert known[third].low < difference < known[third].high
    assert known[second].difference < 0
    assert known[second].p_value < 0.001
    assert known[second].method == "exact_mcnemar"


def test_records_fall_to_significance_alone(competition: Competition) -> None:
    base = wrong_of(1, 0.3)
    luckier = base.copy()
    luckier[np.flatnonzero(base)[:2]] = 0  # two examples more: better, and within the noise
    better = wrong_of(2, 0.1)
    names = {}
    for name, wrong in (("base", base), ("luckier", luckier), ("better", better), ("late", base)):
        team = new_team(competition, name)
        names[name] = team.name
        enter_losses(team, wrong, is_late=name == "late")
    compare(competition)
    [nano_history, micro_history] = record_histories(competition=competition)
    assert micro_history.records == []
    assert [record.team for record in nano_history.records] == [names["base"], names["better"]]
    first, second = nano_history.records
    assert first.evidence is None
    assert second.evidence is not None
    assert second.evidence.difference == pytest.approx(better.mean() - base.mean())
    assert second.evidence.p_value <= second.evidence.alpha == pytest.approx(0.02 / 6)
    assert (second.challenger, second.evidence.method) == (2, "exact_mcnemar")
    assert (nano_history.challengers, nano_history.level) == (2, 0.02)
    assert nano_history.spent == pytest.approx(0.02 / 2 + 0.02 / 6)


def test_the_later_a_challenger_the_more_it_has_to_show(competition: Competition) -> None:
    base = wrong_of(1, 0.3)
    better = base.copy()
    better[np.flatnonzero(base)[:12]] = 0  # p = 0.00024, one-sided
    enter_losses(new_team(competition), base)
    for _ in range(9):
        enter_losses(new_team(competition), base)
    enter_losses(new_team(competition), better)
    compare(competition)
    challenge = Challenge.objects.order_by("-number")[0]
    assert challenge.p_value == pytest.approx(2.0**-12)
    assert challenge.alpha == pytest.approx(0.02 / 110)
    assert not challenge.is_record
    # As the first challenger it would have been one.
    assert 2.0**-12 < 0.02 / 2


def test_a_number_alone_sets_no_record_but_the_first(competition: Competition) -> None:
    enter(new_team(competition), 0.5)
    enter_losses(new_team(competition), wrong_of(1, 0.3))
    compare(competition)
    history = record_histories(competition=competition, division_slug="nano")[0]
    assert len(history.records) == 1


def test_new_labels_begin_a_new_history(competition: Competition) -> None:
    enter_losses(new_team(competition), wrong_of(1, 0.1))
    compare(competition)
    labels_publish(competition, b"mended")
    assert record_histories(competition=competition)[0].records == []
    enter_losses(new_team(competition), wrong_of(2, 0.4))
    compare(competition)
    [record] = record_histories(competition=competition)[0].records
    assert record.challenger == 0
    assert record.score == pytest.approx(1 - wrong_of(2, 0.4).mean())


@pytest.mark.parametrize("what", ["submission", "team"])
def test_what_is_disqualified_holds_no_record(competition: Competition, what: str) -> None:
    enter_losses(new_team(competition), wrong_of(1, 0.3))
    cheat = new_team(competition)
    name, _ = enter_losses(cheat, wrong_of(2, 0.01))
    compare(competition)
    assert len(record_histories(competition=competition)[0].records) == 2
    if what == "team":
        cheat.disqualified_at = timezone.now()
        cheat.save()
    else:
        Entry.objects.filter(submission_id=name).update(is_disqualified=True)
    assert len(record_histories(competition=competition)[0].records) == 1
    enter_losses(new_team(competition), wrong_of(3, 0.1))
    compare(competition)
    # The next is held against the record that still stands.
    last = record_histories(competition=competition)[0].records[-1]
    assert last.evidence is not None
    assert last.evidence.difference == pytest.approx(
        wrong_of(3, 0.1).mean() - wrong_of(1, 0.3).mean()
    )


def test_what_is_scored_anew_does_not_challenge_twice(competition: Competition) -> None:
    team = new_team(competition)
    name, _ = enter_losses(team, wrong_of(1, 0.3))
    compare(competition)
    enter_losses(team, wrong_of(1, 0.3), submission_id=name)
    assert compare(competition) == 1
    assert Challenge.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_challengers_are_counted_once_whoever_compares_them() -> None:
    competition = competition_with_labels()
    for seed in range(8):
        enter_losses(new_team(competition), wrong_of(seed, 0.3 - seed / 50))

    def work(_: int) -> None:
        try:
            compare(competition)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    compare(competition)
    numbers = Challenge.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == list(range(8))
    records = [record.score for record in record_histories(competition=competition)[0].records]
    assert records == sorted(records)
