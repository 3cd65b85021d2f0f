"""Whoever may not know of a competition finds it through no selector."""

from collections.abc import Callable
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import AnonymousUser

from minigiants.accounts.models import User
from minigiants.competitions.models import Admission, Competition, Host
from minigiants.competitions.pack_access import Audience
from minigiants.competitions.selectors import competition_get, competition_list
from minigiants.competitions.services import pack_publish, rules_accept
from minigiants.core.problems import NotFound
from tests.support.factories import CompetitionFactory, UserFactory, pack_spec

pytestmark = pytest.mark.django_db

AUDIENCES = [audience.value for audience in Audience]


@pytest.fixture
def people() -> dict[str, User]:
    """One of each kind of person, by who they are to the competition."""
    unconfirmed = UserFactory(email="guess@example.com")
    EmailAddress.objects.create(user=unconfirmed, email="evil@School.example", verified=False)
    pupil = UserFactory(email="pupil@example.com")
    EmailAddress.objects.create(user=pupil, email="Pupil@School.Example", verified=True)
    inactive = UserFactory(email="gone@school.example", is_active=False)
    lookalike = UserFactory(email="x@notschool.example")
    return {
        "stranger": UserFactory(),
        "unconfirmed": unconfirmed,
        "pupil": pupil,
        "lookalike": lookalike,
        "inactive": inactive,
        "admitted": UserFactory(),
        "host": UserFactory(),
        "staff": UserFactory(is_staff=True),
    }


def competition_for(audience: str, people: dict[str, User]) -> Competition:
    competition: Competition = CompetitionFactory(audience=audience)
    if audience == Audience.EMAIL_DOMAIN:
        Competition.objects.update(email_domains=["school.example", "other.example"])
    Admission.objects.create(
        competition=competition, user=people["admitted"], way=Admission.Way.INVITATION
    )
    Host.objects.create(competition=competition, user=people["host"], role=Host.Role.VIEWER)
    return competition


@pytest.mark.parametrize(
    ("audience", "seen_by"),
    [
        ("public", None),
        ("link", {"admitted", "host", "staff"}),
        ("invitation", {"admitted", "host", "staff"}),
        ("email-domain", {"pupil", "admitted", "host", "staff"}),
    ],
)
def test_who_sees_what(people: dict[str, User], audience: str, seen_by: set[str] | None) -> None:
    competition = competition_for(audience, people)
    seen = {name for name, user in people.items() if competition in competition_list(user=user)}
    assert seen == (set(people) if seen_by is None else seen_by)
    for name, user in people.items():
        if name in seen:
            assert competition_get(slug=competition.slug, user=user) == competition
        else:
            with pytest.raises(NotFound, match="There is no competition"):
                competition_get(slug=competition.slug, user=user)
    for nobody in (None, AnonymousUser()):
        assert (competition in competition_list(user=nobody)) == (audience == "public")


def test_what_is_not_published_is_seen_by_nobody(people: dict[str, User]) -> None:
    competition = competition_for("public", people)
    Competition.objects.update(current_version=None)
    for user in people.values():
        assert competition not in competition_list(user=user)


def test_seeing_costs_one_statement(
    people: dict[str, User], django_assert_num_queries: Callable[..., object]
) -> None:
    competition_for("email-domain", people)
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        assert list(competition_list(user=people["pupil"]))


def test_who_takes_part_stays_when_fewer_may_see(
    make_pack: Callable[..., Path], tiny_specification: str
) -> None:
    participant, stranger = UserFactory.create(), UserFactory.create()
    version = pack_publish(folder=make_pack(), actor=None)
    rules_accept(user=participant, competition=version.competition)
    closed = tiny_specification + "visibility:\n  audience: invitation\n"
    pack_publish(folder=make_pack(specification=closed), actor=None)
    assert competition_list(user=participant).exists()
    assert not competition_list(user=stranger).exists()
    assert Admission.objects.get().way == Admission.Way.EARLIER


def test_the_domains_follow_the_pack(
    make_pack: Callable[..., Path], tiny_specification: str
) -> None:
    text = "visibility:\n  audience: email-domain\n  email_domains: [school.example]\n"
    pack_publish(folder=make_pack(specification=tiny_specification + text), actor=None)
    assert competition_list(user=UserFactory.create(email="a@school.example")).exists()
    assert not competition_list(user=UserFactory.create(email="a@example.com")).exists()


def test_links_have_secrets_of_their_own() -> None:
    secrets = {CompetitionFactory.create().link_secret for _ in range(3)}
    assert len(secrets) == 3
    assert all(len(secret) >= 32 for secret in secrets)


def test_the_specification_carries_it() -> None:
    spec = pack_spec(visibility={"audience": "link"})
    assert spec.visibility.audience is Audience.LINK
