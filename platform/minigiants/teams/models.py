"""Who competes."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from minigiants.competitions.models import Competition
from minigiants.core.models import Entity


class Team(Entity):
    """One person, or several who merged, in one competition."""

    competition = models.ForeignKey(Competition, on_delete=models.PROTECT, related_name="teams")
    name = models.CharField(max_length=80)
    is_baseline = models.BooleanField(
        default=False, help_text="Hands in the baselines that the hosts provide"
    )
    disqualified_at = models.DateTimeField(null=True, blank=True)
    disqualified_for = models.CharField(max_length=500, blank=True, default="")
    ruled_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was last disqualified or reinstated"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["competition", "name"], name="team_name")
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
            models.UniqueConstraint(fields=["competition", "user"], name="one_team_a_competition")
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"
