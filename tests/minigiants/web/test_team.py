"""The Team tab, and the page of an invitation."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition
from minigiants.competitions.services import rules_accept
from minigiants.submissions.merging import merge_propose
from minigiants.teams.invitations import invitation_create, invitation_token
from minigiants.teams.models import Invitation, Membership, MergeProposal, Team
from tests.support.factories import TeamFactory, UserFactory, member_add, member_of, version_change

pytestmark = pytest.mark.django_db
PAGE = "/competitions/digits/team/"


def invited(team: Team, to: str) -> Invitation:
    return invitation_create(user=member_of(team), competition=team.competition, to=to)


def change(client: Client, action: str, value: object = "") -> str:
    answer = client.post(f"{PAGE}{action}/", {"value": str(value)}, follow=True)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_tab_is_behind_the_log_in(client: Client, competition: Competition) -> None:
    assert client.get(PAGE).status_code == 302
    assert client.post(f"{PAGE}create/", {"value": "x"}).status_code == 302
    assert 'href="/competitions/digits/team/"' not in client.get("/competitions/digits/").text


def test_who_has_no_team_accepts_the_rules_and_founds_one(
    logged_in: Client, competition: Competition, person: User
) -> None:
    assert "Accept the rules first" in logged_in.get(PAGE).text
    refused = logged_in.post(f"{PAGE}create/", {"value": "Giants"})
    assert refused.status_code == 403
    assert "rules_not_accepted" in refused.text
    rules_accept(user=person, competition=competition)
    assert "Giants is founded" in change(logged_in, "create", "Giants")
    assert Membership.objects.get(user=person).is_leader


def test_the_leader_s_work(logged_in: Client, team: Team, person: User) -> None:
    colleague = UserFactory(username="grace")
    member_add(team, colleague)
    assert "is called Giants" in change(logged_in, "rename", "Giants")
    assert "on its way" in change(logged_in, "invite", "new@example.org")
    assert "new@example.org" in logged_in.get(PAGE).text
    assert "is withdrawn" in change(logged_in, "withdraw", Invitation.objects.get().pk)
    assert "grace leads" in change(logged_in, "hand-over", "grace")
    assert "You have left" in change(logged_in, "leave")


def test_members_see_and_do_not_change(client: Client, team: Team) -> None:
    colleague = UserFactory(username="grace")
    member_add(team, colleague)
    invited(team, "new@example.org")
    client.force_login(colleague)
    text = client.get(PAGE).text
    assert "new@example.org" in text
    assert "Leave the team" in text
    for action in ("rename", "invite", "hand-over", "withdraw", "propose"):
        assert f"team/{action}/" not in text
    assert client.post(f"{PAGE}rename/", {"value": "x"}).status_code == 403


def test_what_fails_is_told_on_the_tab(logged_in: Client, team: Team) -> None:
    answer = logged_in.post(f"{PAGE}invite/", {"value": "nobody-here"})
    assert answer.status_code == 404
    assert "Nobody here is called" in answer.text
    assert "1 of 5" in answer.text
    assert logged_in.post(f"{PAGE}withdraw/", {"value": "x"}).status_code == 422
    assert logged_in.post(f"{PAGE}nonsense/", {"value": "x"}).status_code == 404
    assert logged_in.get(f"{PAGE}leave/").status_code == 405


def test_two_leaders_merge_on_their_pages(logged_in: Client, client: Client, team: Team) -> None:
    other = TeamFactory(competition=team.competition, name="Other")
    leader = member_of(other)
    assert "is asked" in change(logged_in, "propose", "Other")
    client.force_login(leader)
    text = client.get(PAGE).text
    assert f"{team.name} proposes to merge" in text.replace("&#x27;", "'")
    assert "You are part of" in change(client, "merge", MergeProposal.objects.get().pk)
    assert Membership.objects.filter(team=team).count() == 2


def test_the_tab_says_until_when_teams_merge(logged_in: Client, team: Team) -> None:
    proposal = merge_propose(
        user=member_of(TeamFactory(competition=team.competition, name="Other")),
        competition=team.competition,
        other_name=team.name,
    )
    text = logged_in.get(PAGE).text
    assert "Merges until" in text
    assert all(f"team/{action}/" in text for action in ("propose", "merge", "decline"))
    version = team.competition.current_version
    assert version is not None
    deadline = timezone.now()
    version.specification["teams"]["merge_deadline"] = deadline.isoformat()
    version_change(version, version.specification)
    text = logged_in.get(PAGE).text
    assert "Teams could merge until" in text
    assert f"{deadline:%-d %b %Y, %H:%M} UTC" in text
    assert "team/decline/" in text
    assert not any(f"team/{action}/" in text for action in ("propose", "merge"))
    for action, value in (("propose", "Other"), ("merge", str(proposal.pk))):
        answer = logged_in.post(f"{PAGE}{action}/", {"value": value})
        assert answer.status_code == 409
        assert "merges_closed" in answer.text


def test_a_proposal_is_declined(logged_in: Client, team: Team) -> None:
    other = TeamFactory(competition=team.competition)
    proposal = merge_propose(
        user=member_of(other), competition=team.competition, other_name=team.name
    )
    assert "off the table" in change(logged_in, "decline", proposal.pk)


def test_an_invitation_s_link_leads_into_the_team(client: Client, competition: Competition) -> None:
    team = TeamFactory(competition=competition, name="Giants")
    token = invitation_token(invited(team, "new@example.org"))
    assert client.get(f"/invitations/{token}/").status_code == 302
    stranger = UserFactory()
    client.force_login(stranger)
    text = client.get(f"/invitations/{token}/").text
    assert "Giants" in text
    assert "Accept the competition" in text
    assert client.post(f"/invitations/{token}/").status_code == 403
    rules_accept(user=stranger, competition=competition)
    answer = client.post(f"/invitations/{token}/", {"accept": "1"}, follow=True)
    assert "You are in Giants now" in answer.text
    assert client.get(f"/invitations/{token}/").status_code == 404


def test_an_invitation_by_name_is_on_the_tab_and_can_be_declined(
    logged_in: Client, competition: Competition, person: User
) -> None:
    invitation = invited(TeamFactory(competition=competition, name="Giants"), person.username)
    assert "invites you into Giants" in logged_in.get(PAGE).text
    answer = logged_in.post(f"/invitations/{invitation.pk}/", {"decline": "1"}, follow=True)
    assert "You have declined" in answer.text
    assert "invites you into" not in logged_in.get(PAGE).text


def test_invitations_of_others_do_not_exist(logged_in: Client, competition: Competition) -> None:
    theirs = invited(TeamFactory(competition=competition), UserFactory().username)
    assert logged_in.get(f"/invitations/{theirs.pk}/").status_code == 404
    assert logged_in.post(f"/invitations/{theirs.pk}/").status_code == 404


def test_the_tab_costs_the_same_however_much_is_on_it(
    logged_in: Client,
    team: Team,
    django_assert_num_queries: Callable[[int], AbstractContextManager[Any]],
) -> None:
    for number in range(3):
        member_add(team, UserFactory())
        invited(team, f"p{number}@example.org")
        other = TeamFactory(competition=team.competition)
        merge_propose(user=member_of(other), competition=team.competition, other_name=team.name)
    with django_assert_num_queries(11):
        logged_in.get(PAGE)
