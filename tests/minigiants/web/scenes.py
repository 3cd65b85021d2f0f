"""What makes pages full: teams with all that can be open, threads with posts of all kinds."""

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

from evaluator.contract import Failure
from minigiants.accounts.models import User
from minigiants.accounts.preferences import MailKind
from minigiants.community.announcements import announcement_publish
from minigiants.community.moderation import post_hide, post_report, thread_pin
from minigiants.community.threads import reply_create, thread_create
from minigiants.competitions.models import Competition, Host
from minigiants.competitions.selectors import current_version
from minigiants.notifications.mails import unsubscribe_token
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.merging import merge_propose
from minigiants.submissions.models import Evaluation, Trial, TrialRun
from minigiants.teams.invitations import invitation_create
from minigiants.teams.models import Team
from tests.support.factories import TeamFactory, UserFactory, member_add, member_of, version_change

LONG_NAME = "the-team-whose-name-nobody-would-ever-choose-but-somebody-will-anyway-because"
RICH_TEXT = r"""Let $x_i^2$ be, with `code`:

```python
for number in range(1000): print(number ** 2, "a line that is wider than a phone")
```

$$
\frac{1}{n} \sum_{i=1}^{n} \ell(x_i) + a + b + c + d + e + f + g + h + i + j + k + l + m + n + o
$$

| a | b |
| --- | --- |
| 1 | 2 |

> said before

1. one
2. [two](https://example.org)
"""


def around_the_team(team: Team, person: User) -> list[str]:
    """Members, invitations and proposals of all kinds. Returns addresses of pages."""
    others = [TeamFactory(competition=team.competition, name=name) for name in ("One", "Two")]
    member_add(team, UserFactory(username="grace"))
    invitation_create(user=person, competition=team.competition, to=f"{LONG_NAME[:60]}@example.org")
    invitation = invitation_create(
        user=member_of(others[0]), competition=team.competition, to=person.username
    )
    merge_propose(user=member_of(others[1]), competition=team.competition, other_name=team.name)
    merge_propose(user=person, competition=team.competition, other_name="One")
    return [f"/competitions/{team.competition.slug}/team/", f"/invitations/{invitation.pk}/"]


def what_was_said(competition: Competition, person: User) -> list[str]:
    """Posts, a report, an announcement and a notice; `person` is a host. Returns addresses."""
    Host.objects.create(competition=competition, user=person, role=Host.Role.OWNER)
    thread = thread_create(
        user=person, competition=competition, title=LONG_NAME, body=f"# {LONG_NAME}\n\n{RICH_TEXT}"
    )
    grace = User.objects.get(username="grace")
    hidden, shown = (
        reply_create(user=grace, thread_id=thread.pk, body=body) for body in ("Rude", RICH_TEXT)
    )
    post_hide(user=person, post_id=hidden.pk, reason=LONG_NAME)
    thread_pin(user=person, thread_id=thread.pk, pinned=True)
    post_report(user=UserFactory(), post_id=shown.pk, reason=LONG_NAME)
    announcement_publish(user=person, competition=competition, title=LONG_NAME, body=RICH_TEXT)
    tab = f"/competitions/{competition.slug}"
    return [
        f"{tab}/discussion/",
        f"{tab}/discussion/new/",
        f"{tab}/discussion/reports/",
        f"{tab}/discussion/{thread.pk}/",
        f"{tab}/discussion/posts/{thread.posts.get(is_opening=True).pk}/",
        f"{tab}/discussion/posts/{shown.pk}/",
        f"{tab}/announcements/",
        "/notices/",
        f"/unsubscribe/{unsubscribe_token(person, MailKind.REPLY)}/",
    ]


def trial_of(competition: Competition, person: User, state: str) -> Trial:
    """A trial of the version that serves, with a run of each kind."""
    version = current_version(competition)
    baselines = [
        {"folder": f"baselines/{number}", "title": f"{LONG_NAME} {number}", "score": 0.9}
        for number in range(3)
    ]
    version_change(version, {**version.specification, "baselines": baselines})
    trial: Trial = Trial.objects.create(
        competition=competition,
        version=version,
        started_by=person,
        state=state,
        faults=[
            {
                "file": "competition.yaml",
                "line": 38,
                "field": "baselines[0]",
                "message": f"{LONG_NAME} scores 0.8 on the public split; 0.9 is announced",
            }
        ],
    )
    for position, status in enumerate((Status.FAILED, Status.SCORED, None)):
        run = TrialRun.objects.create(
            trial=trial,
            position=position,
            format="onnx",
            division="1k",
            passed_over="" if status else TrialRun.PassedOver.NO_WORKER,
        )
        if status:
            Evaluation.objects.create(
                trial_run=run,
                pack_version=version,
                profile="cpu",
                status=status,
                failure=Failure.CRASHED if status == Status.FAILED else "",
                host_detail=LONG_NAME,
                host_log=f"{LONG_NAME * 3}\n{RICH_TEXT}",
            )
    return trial


def second_factor_add(user: User) -> None:
    """An authenticator app and recovery codes, as activation leaves them."""
    TOTP.activate(user, generate_totp_secret())
    RecoveryCodes.activate(user)
