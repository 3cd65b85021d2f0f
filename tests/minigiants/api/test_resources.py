"""What the operations answer, and what they cost."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from minigiants.accounts.models import ApiToken, User
from minigiants.artifacts.parts import PartWriter
from minigiants.competitions.models import Admission, Competition, PackFile
from minigiants.competitions.selectors import current_version
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Evaluation, Submission
from minigiants.teams.models import Team
from tests.support.factories import (
    ArtifactFactory,
    CompetitionFactory,
    SubmissionFactory,
    TeamFactory,
    pack_spec,
    stored_blob,
)
from tests.support.problem_documents import code_of

pytestmark = pytest.mark.django_db
PACK_SCHEMA = Path(__file__).parents[3] / "competitions" / "competition.schema.json"


def _post(client: Client, path: str, body: Any = None) -> Any:
    return client.post(f"/api/v1{path}", body, content_type="application/json")


def test_me(member_client: Client, member: User) -> None:
    token = ApiToken.objects.get()
    me = member_client.get("/api/v1/me").json()
    assert (me["username"], me["email"]) == (member.username, member.email)
    assert me["token"]["prefix"] == token.prefix
    assert me["token"]["scopes"] == ["read", "submit"]
    client = Client()
    client.force_login(member)
    assert client.get("/api/v1/me").json()["token"] is None


def test_a_competition_tells_what_it_asks(
    client: Client, team: Team, competition: Competition
) -> None:
    SubmissionFactory(artifact=ArtifactFactory(team=team))
    listed = client.get("/api/v1/competitions").json()["items"]
    assert [item["slug"] for item in listed] == [competition.slug]
    detail = client.get(f"/api/v1/competitions/{competition.slug}").json()
    assert detail == {**detail, **listed[0]}
    assert (detail["teams"], detail["submissions"]) == (1, 1)
    assert detail["ranking_metric"] == {
        "name": "accuracy",
        "title": "Accuracy",
        "params": {},
        "higher_is_better": True,
        "decimals": 4,
    }
    assert detail["phase"]["slug"] == "main"
    assert [division["slug"] for division in detail["divisions"]] == ["nano", "micro"]
    assert detail["divisions"][0]["budget"]["tensor_bits"] == 32_000
    assert detail["quota"]["per_day"] == 5
    assert detail["rules_accepted"] is None
    assert detail["version"] == 1


def test_a_competition_tells_the_dates_of_its_timeline(client: Client, db: None) -> None:
    dates = {
        "opens": "2031-01-02T03:04:00Z",
        "closes": "2031-06-07T08:09:00Z",
        "reveals": "2031-07-08T09:10:00Z",
    }
    spec = pack_spec(
        phases=[pack_spec().phases[0].model_dump() | dates],
        teams={"merge_deadline": "2031-05-06T07:08:00Z"},
    )
    slug = CompetitionFactory(spec=spec).slug
    detail = client.get(f"/api/v1/competitions/{slug}").json()
    assert detail["merge_deadline"] == "2031-05-06T07:08:00Z"
    assert detail["phases"] == [{"slug": "main", "title": "Main phase", **dates}]
    plain = CompetitionFactory().slug
    detail = client.get(f"/api/v1/competitions/{plain}").json()
    assert (detail["merge_deadline"], detail["phases"][0]["reveals"]) == (None, None)


def test_pages_are_listed_and_read_as_they_were_written(
    client: Client, db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    text = "# Questions\n\n**Why?** <b>Because.</b>\n"
    slug = CompetitionFactory(pages={"zebra": "# Z", "faq": text}).slug
    path = f"/api/v1/competitions/{slug}/pages"
    with django_assert_num_queries(1):
        items = client.get(path).json()["items"]
    assert [item["slug"] for item in items] == ["overview", "data", "rules", "faq", "zebra"]
    assert items[3] == {"slug": "faq", "title": "Faq"}
    with django_assert_num_queries(1):
        page = client.get(f"{path}/faq").json()
    assert page == {"slug": "faq", "title": "Faq", "text": text}
    assert client.get(f"{path}/rules").json()["text"] == "# Rules\n\nPlay fair."
    missing = client.get(f"{path}/nothing")
    assert (missing.status_code, code_of(missing)) == (404, "not_found")


def test_pages_are_seen_by_those_alone_who_may_see_the_competition(
    client: Client, member: User, bearer: Any
) -> None:
    hidden = CompetitionFactory(audience="invitation", pages={"faq": "# F"})
    unpublished = CompetitionFactory(pages={"faq": "# F"})
    Competition.objects.filter(pk=unpublished.pk).update(current_version=None)
    person = Client(headers=bearer(member))
    for slug in (hidden.slug, unpublished.slug):
        for path in ("pages", "pages/faq", "pages/overview"):
            assert client.get(f"/api/v1/competitions/{slug}/{path}").status_code == 404
            assert person.get(f"/api/v1/competitions/{slug}/{path}").status_code == 404
    Admission.objects.create(competition=hidden, user=member, way=Admission.Way.INVITATION)
    assert person.get(f"/api/v1/competitions/{hidden.slug}/pages/faq").json()["text"] == "# F"


def test_rules_are_accepted_once_and_seen(bearer: Any, member: User) -> None:
    slug = CompetitionFactory().slug
    client = Client(headers=bearer(member))
    path = f"/api/v1/competitions/{slug}"
    assert client.get(path).json()["rules_accepted"] is False
    for _ in range(2):
        assert _post(client, f"/competitions/{slug}/rules").json() == {"accepted": True}
    assert client.get(path).json()["rules_accepted"] is True


def test_limits_hold_all_that_a_local_check_needs(client: Client, competition: Competition) -> None:
    limits = client.get(f"/api/v1/competitions/{competition.slug}/limits").json()
    assert limits["upload"] == {"max_bytes": 32 * 1024**2, "max_files": 16}
    assert limits["formats"] == ["onnx", "python"]
    assert limits["task"]["type"] == "classification"
    assert [metric["name"] for metric in limits["metrics"]] == ["accuracy", "f1_macro"]
    assert limits["runtime"]["limits"]["memory_bytes"] > 0


def test_only_public_data_is_listed_and_served(client: Client, competition: Competition) -> None:
    blob = stored_blob(b"the truth")
    PackFile.objects.create(
        version=current_version(competition),
        role=PackFile.Role.LABELS,
        path="labels.csv",
        digest=blob.digest,
        size=blob.size,
    )
    path = f"/api/v1/competitions/{competition.slug}/data"
    files = client.get(path).json()["files"]
    assert [file["path"] for file in files] == ["train.csv"]
    assert files[0]["url"] == f"http://testserver{path}/train.csv"
    for hidden in ("labels.csv", "../labels.csv", "train.csv/../labels.csv", ""):
        assert client.get(f"{path}/{hidden}").status_code == 404


def test_the_schema_of_packs_is_published(client: Client, db: None) -> None:
    answer = client.get("/api/v1/host/schema")
    assert answer["Content-Type"] == "application/schema+json"
    assert json.loads(answer.content) == json.loads(PACK_SCHEMA.read_text())


def test_quota_counts_what_was_handed_in(
    member_client: Client, team: Team, competition: Competition
) -> None:
    SubmissionFactory(artifact=ArtifactFactory(team=team))
    quota = member_client.get(f"/api/v1/competitions/{competition.slug}/quota").json()
    assert (quota["used_today"], quota["per_day"], quota["running"]) == (1, 5, 1)
    assert (quota["used_total"], quota["total"], quota["failures_today"]) == (1, 50, 0)


def test_an_upload_becomes_an_artifact_with_a_verdict(
    member_client: Client, competition: Competition
) -> None:
    content = b"def load(folder, device):\n    return None\n"
    body = {
        "competition": competition.slug,
        "files": [{"path": "model.py", "size": len(content)}],
    }
    begun = _post(member_client, "/uploads", body)
    assert begun.status_code == 201
    state = begun.json()
    assert state["files"] == [
        {
            "position": 0,
            "path": "model.py",
            "size": len(content),
            "parts": 1,
            "missing": [0],
            "needs_sending": True,
        }
    ]
    early = _post(member_client, f"/uploads/{state['id']}/complete")
    assert (early.status_code, code_of(early)) == (409, "upload_incomplete")
    assert early.json()["missing"] == {"model.py": [0]}
    with PartWriter(
        session_id=state["id"], position=0, number=0, sha256=hashlib.sha256(content).hexdigest()
    ) as writer:
        writer.write([content])
        writer.finish()
    artifact = _post(member_client, f"/uploads/{state['id']}/complete").json()
    assert artifact["format"] == "python"
    assert artifact["inspection"]["accepted"] is True
    assert artifact["inspection"]["division"]["slug"] == "nano"
    assert [gauge["fits"] for gauge in artifact["inspection"]["gauges"]] == [True, True]
    assert member_client.get(f"/api/v1/artifacts/{artifact['id']}").json() == artifact
    after = member_client.get(f"/api/v1/uploads/{state['id']}").json()
    assert (after["status"], after["artifact"]) == ("complete", artifact["id"])


def test_a_submission_and_the_reasons_why_it_may_not_be(
    member_client: Client, team: Team, competition: Competition
) -> None:
    def hand_in(**body: Any) -> Any:
        return _post(member_client, f"/competitions/{competition.slug}/submissions", body)

    artifact = ArtifactFactory(team=team)
    created = hand_in(artifact=str(artifact.pk), message="first")
    assert created.status_code == 201
    view = created.json()
    assert (view["status"], view["number"], view["message"]) == ("queued", 1, "first")
    assert view["division"] == {"slug": "nano", "title": "≤ 1k parameters"}
    assert view["inspection"]["counts"]["parameters"] == 650
    assert view["quota_charged"] is True
    assert view["position"] == 1
    assert [change["status"] for change in view["changes"]] == ["queued"]
    again = hand_in(artifact=str(artifact.pk))
    assert (again.status_code, code_of(again)) == (409, "duplicate_submission")
    assert again.json()["submission"] == view["id"]
    assert hand_in(artifact=str(ArtifactFactory(team=team).pk)).status_code == 201
    third = hand_in(artifact=str(ArtifactFactory(team=team).pk))
    assert (third.status_code, code_of(third)) == (429, "too_many_running")
    assert code_of(hand_in(artifact="nothing")) == "invalid_input"
    assert code_of(hand_in(artifact=str(view["id"]))) == "not_found"
    assert code_of(hand_in(artifact=str(artifact.pk), message="x" * 201)) == "invalid_input"


def test_a_spent_quota_says_when_it_renews(
    member_client: Client, team: Team, competition: Competition
) -> None:
    for _ in range(5):
        SubmissionFactory(artifact=ArtifactFactory(team=team), status=Status.SCORED)
    response = _post(
        member_client,
        f"/competitions/{competition.slug}/submissions",
        {"artifact": str(ArtifactFactory(team=team).pk)},
    )
    assert (response.status_code, code_of(response)) == (429, "quota_exhausted")
    assert response.json()["renews_at"]
    assert 0 < int(response["Retry-After"]) <= 86_400


def test_after_the_deadline_nothing_is_taken(bearer: Any, member: User) -> None:
    spec = pack_spec()
    phase = spec.phases[0]
    over = phase.model_copy(update={"closes": phase.opens.replace(year=2020)})
    over = over.model_copy(update={"opens": over.closes.replace(year=2019)})
    competition = CompetitionFactory(spec=spec.model_copy(update={"phases": (over,)}))
    client = Client(headers=bearer(member))
    _post(client, f"/competitions/{competition.slug}/rules")
    quota = client.get(f"/api/v1/competitions/{competition.slug}/quota")
    assert (quota.status_code, code_of(quota)) == (409, "phase_closed")


def test_the_log_of_the_smoke_run(member_client: Client, team: Team) -> None:
    submission = SubmissionFactory(artifact=ArtifactFactory(team=team))
    path = f"/api/v1/submissions/{submission.pk}/log"
    assert code_of(member_client.get(path)) == "not_found"
    Evaluation.objects.update(smoke_log="<b>hello</b>", host_log="secret")
    response = member_client.get(path)
    assert response.content == b"<b>hello</b>"
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["X-Content-Type-Options"] == "nosniff"


def test_pages_of_submissions_follow_each_other(
    member_client: Client, team: Team, competition: Competition
) -> None:
    for _ in range(5):
        SubmissionFactory(artifact=ArtifactFactory(team=team), status=Status.SCORED)
    path = f"/api/v1/competitions/{competition.slug}/submissions?limit=2"
    numbers, cursor = [], None
    while True:
        page = member_client.get(path + (f"&cursor={cursor}" if cursor else "")).json()
        numbers += [item["number"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert numbers == [5, 4, 3, 2, 1]


@pytest.mark.parametrize("rows", [1, 4])
def test_lists_cost_the_same_for_any_number_of_rows(
    member_client: Client,
    team: Team,
    competition: Competition,
    rows: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(rows):
        SubmissionFactory(artifact=ArtifactFactory(team=team), status=Status.SCORED)
        CompetitionFactory()
    member_client.get("/api/v1/me")  # writes when the token was last used
    slug = competition.slug
    with django_assert_num_queries(2):  # token, competitions
        member_client.get("/api/v1/competitions")
    with django_assert_num_queries(5):  # token, competition, phases, divisions, boards
        member_client.get(f"/api/v1/competitions/{slug}/leaderboard")
    # token, competition, rows, 3 prefetched, comparisons, one rank
    with django_assert_num_queries(8):
        member_client.get(f"/api/v1/competitions/{slug}/submissions")
    assert Submission.objects.count() == rows


def test_pages_of_competitions_follow_each_other(client: Client, competition: Competition) -> None:
    slugs = sorted([competition.slug, *(CompetitionFactory().slug for _ in range(4))])
    found, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/api/v1/competitions?limit=2&cursor={cursor}").json()
        found += [item["slug"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert found == slugs


def test_models_are_listed_in_pages(member_client: Client, team: Team) -> None:
    made = [str(ArtifactFactory(team=team).pk) for _ in range(3)]
    ArtifactFactory(team=TeamFactory(competition=team.competition))
    path = f"/api/v1/competitions/{team.competition.slug}/artifacts?limit=2"
    first = member_client.get(path).json()
    second = member_client.get(f"{path}&cursor={first['next_cursor']}").json()
    listed = [item["id"] for item in first["items"] + second["items"]]
    assert (listed, second["next_cursor"]) == (made[::-1], None)
    assert first["items"][0]["format"] == "onnx"


def test_submissions_are_narrowed_down(member_client: Client, team: Team) -> None:
    for status, parameters in (
        (Status.SCORED, 650),
        (Status.CANCELLED, 650),
        (Status.SCORED, 5000),
    ):
        artifact = ArtifactFactory(team=team, parameters=parameters)
        SubmissionFactory(artifact=artifact, status=status)
    path = f"/api/v1/competitions/{team.competition.slug}/submissions"

    def numbers(query: str) -> list[int]:
        answer = member_client.get(f"{path}?{query}")
        return [item["number"] for item in answer.json()["items"]]

    assert numbers("") == [3, 2, 1]
    assert numbers("status=scored") == [3, 1]
    assert numbers("status=scored&status=cancelled") == [3, 2, 1]
    assert numbers("status=scored&division=micro") == [3]
    assert numbers("phase=main&division=nano") == [2, 1]
    assert numbers("phase=nothing") == []
    assert code_of(member_client.get(f"{path}?status=lost")) == "invalid_input"
