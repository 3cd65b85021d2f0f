"""The hosts' pages of submissions: filters, and one with all that its team never sees."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.test import Client

from evaluator.contract import Failure
from minigiants.competitions.models import Competition, Host, PackVersion, Phase
from minigiants.submissions.models import Evaluation, Rescore, Score, Submission
from tests.support.factories import UserFactory, member_of
from tests.support.pipeline import Pipeline, queued_submission, runnable_competition

pytestmark = pytest.mark.django_db

Counted = Callable[[int], AbstractContextManager[Any]]
HOST_LOG = "SECRET of the hidden run"
HOST_DETAIL = "SECRET detail for hosts"


def host(competition: Competition, role: str = "viewer") -> Client:
    person = UserFactory.create()
    Host.objects.create(competition=competition, user=person, role=role)
    client = Client()
    client.force_login(person)
    return client


def address(submission: Submission, part: str = "") -> str:
    return f"/competitions/{submission.competition.slug}/manage/submissions/{submission.pk}/{part}"


@pytest.fixture
def submission() -> Submission:
    """Scored, after a worker had broken its first attempt."""
    found = queued_submission()
    pipeline = Pipeline.start()
    evaluation = found.evaluations.get()
    pipeline.report_failure(pipeline.claim_predict(evaluation), Failure.WORKER_FAULT)
    pipeline.report_predictions(pipeline.claim_predict(evaluation, attempt=2))
    pipeline.report_scores(pipeline.claim_score(evaluation), public=0.91234, private=0.81234)
    return found


def rescored(submission: Submission, state: str) -> Evaluation:
    """A run under version 2, of a rescore that has come to `state`."""
    version = submission.pack_version
    second = PackVersion.objects.create(
        competition=submission.competition,
        number=2,
        content_hash="2" * 64,
        specification=version.specification,
        pages=version.pages,
    )
    rescore = Rescore.objects.create(
        competition=submission.competition, version=second, reason="Fixed.", state=state
    )
    run = Evaluation.objects.create(
        submission=submission,
        rescore=rescore,
        pack_version=second,
        profile="cpu",
        status="scored",
        smoke_log="hello again",
        host_detail="said while rescoring",
    )
    for split, value in (("public", 0.7111), ("private", 0.6111)):
        Score.objects.create(evaluation=run, metric="accuracy", split=split, value=value)
    return run


def test_hosts_see_what_is_hidden(submission: Submission) -> None:
    text = host(submission.competition, "organizer").get(address(submission)).text
    for told in (
        "0.9123",
        "0.8123",
        "Macro F1",
        HOST_LOG,
        HOST_DETAIL,
        "hello from the smoke run",
        "worker_fault",
        "1.23 ms",
        "650",
        "Its division",
    ):
        assert told in text, told
    assert "<dt>Attempts without a result</dt><dd>1</dd>" in text
    assert "Does not count" not in text


@pytest.mark.parametrize("role", ["judge", "viewer"])
def test_who_does_not_run_it_reads_nothing_of_the_hidden_run(
    submission: Submission, role: str
) -> None:
    client = host(submission.competition, role)
    for part in ("", "log/"):
        text = client.get(address(submission, part)).text
        assert "hello from the smoke run" in text
        assert "SECRET" not in text
    assert "0.8123" in client.get(address(submission)).text


def test_the_list_links_to_it(submission: Submission) -> None:
    slug = submission.competition.slug
    text = host(submission.competition).get(f"/competitions/{slug}/manage/submissions/").text
    assert f'href="{address(submission)}"' in text


@pytest.mark.parametrize(("state", "counts"), [("applied", True), ("cancelled", False)])
def test_a_rescore_that_was_not_applied_shows_no_scores(
    submission: Submission, state: str, counts: bool
) -> None:
    rescored(submission, state)
    text = host(submission.competition, "owner").get(address(submission)).text
    assert f"Rescore, {state}" in text
    assert "said while rescoring" in text
    assert ("0.6111" in text) == counts
    assert ("Does not count" in text) != counts


def test_the_log_is_downloaded_as_text(submission: Submission) -> None:
    submission.team.name = "Öl & <Wasser>"
    submission.team.save()
    answer = host(submission.competition, "owner").get(address(submission, "log/"))
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    name = f"{submission.competition.slug}-ol-wasser-{submission.number}.log"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    for told in (HOST_LOG, HOST_DETAIL, "hello from the smoke run", "Öl & <Wasser>"):
        assert told in answer.text, told


@pytest.mark.parametrize("part", ["", "log/"])
def test_nobody_else_finds_it(submission: Submission, part: str) -> None:
    client = Client()
    assert client.get(address(submission, part)).status_code == 302
    client.force_login(member_of(submission.team))
    assert client.get(address(submission, part)).status_code == 404
    client.force_login(UserFactory.create())
    assert client.get(address(submission, part)).status_code == 404
    assert host(runnable_competition()).get(address(submission, part)).status_code == 404


@pytest.mark.parametrize("part", ["", "log/"])
def test_one_of_another_competition_is_not_found_here(submission: Submission, part: str) -> None:
    other = queued_submission()
    client = host(submission.competition)
    person = Host.objects.get(competition=submission.competition).user
    Host.objects.create(competition=other.competition, user=person, role="viewer")
    assert client.get(address(other, part)).status_code == 200
    slug = submission.competition.slug
    elsewhere = f"/competitions/{slug}/manage/submissions/{other.pk}/{part}"
    assert client.get(elsewhere).status_code == 404


def test_its_team_reads_none_of_it(submission: Submission) -> None:
    rescored(submission, "applied")
    client = Client()
    client.force_login(member_of(submission.team))
    slug, pk = submission.competition.slug, submission.pk
    for path in (
        f"/submissions/{pk}/",
        f"/submissions/{pk}/live/",
        f"/competitions/{slug}/submissions/",
        f"/api/v1/submissions/{pk}",
        f"/api/v1/submissions/{pk}/log",
        f"/api/v1/competitions/{slug}/submissions",
    ):
        answer = client.get(path)
        assert answer.status_code == 200, path
        for hidden in ("SECRET", "said while rescoring", "0.8123", "0.6111", "host_"):
            assert hidden not in answer.text, (path, hidden)


def test_a_judge_rules_on_the_page_itself(submission: Submission) -> None:
    page = address(submission)
    client = host(submission.competition, "judge")
    assert f'name="next" value="{page}"' in client.get(page).text
    form = {"id": str(submission.pk), "reason": "It holds the labels.", "next": page}
    slug = submission.competition.slug
    answer = client.post(f"/competitions/{slug}/manage/disqualify/", form, follow=True)
    assert answer.redirect_chain == [(page, 302)]
    assert "Disqualified: It holds the labels." in answer.text
    assert "Disqualify" not in host(submission.competition).get(page).text.replace(
        "Disqualified", ""
    )


def test_submissions_are_narrowed_down(submission: Submission) -> None:
    competition = submission.competition
    larger = queued_submission(competition, parameters=5000)
    final = Phase.objects.create(
        competition=competition,
        slug="final",
        position=1,
        title="Final phase",
        opens_at=submission.phase.opens_at,
        closes_at=submission.phase.closes_at,
    )
    later = queued_submission(competition)
    Submission.objects.filter(pk=later.pk).update(phase=final)
    judge = host(competition, "judge")
    base = f"/competitions/{competition.slug}/manage/"
    judge.post(f"{base}disqualify/", {"id": str(larger.pk), "reason": "Why"})

    def shown(query: str) -> list[str]:
        items = judge.get(f"{base}submissions/?format=json&{query}").json()["items"]
        return [item["team"] for item in items]

    assert shown("") == [later.team.name, larger.team.name, submission.team.name]
    assert shown("division=micro") == [larger.team.name]
    assert shown("phase=final") == [later.team.name]
    assert shown("is_ruled_out=on") == [larger.team.name]
    assert shown("is_ruled_out=on&division=nano") == []
    text = judge.get(f"{base}submissions/?division=micro&is_ruled_out=on").text
    assert '<option value="micro" selected>' in text
    assert "Final phase" in text
    assert "Disqualified: Why" in text


@pytest.mark.parametrize("more", [0, 2])
def test_it_costs_the_same_however_many_runs_it_has(
    submission: Submission, more: int, django_assert_num_queries: Counted
) -> None:
    if more:
        run = rescored(submission, "cancelled")
        for _ in range(more):
            run.pk = Evaluation().pk
            run.save(force_insert=True)
    client = host(submission.competition)
    with django_assert_num_queries(11):
        assert client.get(address(submission)).status_code == 200
