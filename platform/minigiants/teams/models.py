"""Who competes."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models.functions import Upper
from django.utils import timezone

from minigiants.competitions.models import Competition
from minigiants.core.models import Entity

NAME_CHARACTERS = 80


class Team(Entity):
    """One person, or several who joined, in one competition.

    A team that has merged into another keeps its row, so that history can tell of it. It has
    no members and nothing else any more, and its name is free.
    """

    competition = models.ForeignKey(Competition, on_delete=models.PROTECT, related_name="teams")
    name = models.CharField(max_length=NAME_CHARACTERS)
    is_baseline = models.BooleanField(
        default=False, help_text="Hands in the baselines that the hosts provide"
    )
    disqualified_at = models.DateTimeField(null=True, blank=True)
    disqualified_for = models.CharField(max_length=500, blank=True, default="")
    ruled_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was last disqualified or reinstated"
    )
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="absorbed"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["competition", "name"],
                name="team_name",
                condition=models.Q(merged_into__isnull=True),
            )
        ]
        indexes: ClassVar = [
            # For searches by how a name begins, whatever the case.
            models.Index(
                "competition", OpClass(Upper("name"), name="text_pattern_ops"), name="team_search"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person's place in a team; one a competition."""

    id = models.BigAutoField(primary_key=True)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    competition = models.ForeignKey(Competition, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    is_leader = models.BooleanField(default=False)
    joined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["competition", "user"], name="one_team_a_competition"),
            models.UniqueConstraint(
                fields=["team"], name="one_leader_a_team", condition=models.Q(is_leader=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"


class Answer(models.TextChoices):
    """What became of an invitation or of a proposal to merge."""

    OPEN = "open", "Open"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Invitation(Entity):
    """A place in a team, offered to a person by user name or to whoever reads an address's mail."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="invitations",
    )
    email = models.EmailField(blank=True, default="")
    state = models.CharField(max_length=16, choices=Answer.choices, default=Answer.OPEN)
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="invitation_to_one",
                condition=models.Q(user__isnull=True) ^ models.Q(email=""),
            ),
            models.UniqueConstraint(
                fields=["team", "user", "email"],
                name="invited_once",
                condition=models.Q(state="open"),
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user or self.email} to {self.team}"

    @property
    def is_open(self) -> bool:
        """Whether it can still be accepted."""
        return self.state == Answer.OPEN and self.expires_at > timezone.now()


class MergeProposal(Entity):
    """One team asks another to become part of it. Both leaders have to want it."""

    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, related_name="proposals", help_text="Stays"
    )
    other = models.ForeignKey(
        Team, on_delete=models.CASCADE, related_name="offers", help_text="Becomes part of it"
    )
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    state = models.CharField(max_length=16, choices=Answer.choices, default=Answer.OPEN)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["team", "other"],
                name="proposed_once",
                condition=models.Q(state="open"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.other} into {self.team}"
