"""How much a team has handed in, and how much it still may."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from minigiants.competitions.models import Phase
from minigiants.competitions.pack_timeline import PhaseSpec
from minigiants.core.clock import day_start, next_day_start
from minigiants.submissions.lifecycle import ACTIVE
from minigiants.submissions.models import Submission
from minigiants.submissions.problems import (
    QuotaExhausted,
    TooManyFailures,
    TooManyRunning,
)
from minigiants.teams.models import Team


@dataclass(frozen=True)
class QuotaState:
    """What is used and what is allowed, in one phase. Days are UTC."""

    used_today: int
    per_day: int
    used_total: int
    total: int | None
    failures_today: int
    failures_per_day: int
    running: int
    concurrent: int
    renews_at: datetime

    @property
    def remaining_today(self) -> int:
        """How many submissions the team may still hand in today."""
        left = self.per_day - self.used_today
        if self.total is not None:
            left = min(left, self.total - self.used_total)
        return max(left, 0)

    def require_room(self) -> None:
        """Raise QuotaExhausted, TooManyFailures or TooManyRunning where there is none."""
        renews = {"renews_at": self.renews_at.isoformat()}
        if self.total is not None and self.used_total >= self.total:
            raise QuotaExhausted(
                f"All {self.total} submissions of this phase are used.",
                mend="This phase takes no more submissions of your team.",
            )
        if self.used_today >= self.per_day:
            raise QuotaExhausted(f"All {self.per_day} submissions of today are used.", **renews)
        if self.failures_today >= self.failures_per_day:
            raise TooManyFailures(f"{self.failures_today} models failed today.", **renews)
        if self.running >= self.concurrent:
            raise TooManyRunning(f"{self.running} are under way.")


def quota_state(
    *, team: Team | None, phase: Phase, phase_spec: PhaseSpec, now: datetime
) -> QuotaState:
    """The quota of `team` in a phase; of a team that does not exist yet, nothing is used."""
    today = Q(created_at__gte=day_start(now))
    charged = Q(quota_charged=True)
    counted = Submission.objects.filter(team=team, phase=phase).aggregate(
        used_today=Count("pk", filter=charged & today),
        used_total=Count("pk", filter=charged),
        failures_today=Count("pk", filter=Q(failure_charged=True) & today),
        running=Count("pk", filter=Q(status__in=ACTIVE)),
    )
    quota = phase_spec.quota
    return QuotaState(
        per_day=quota.per_day,
        total=quota.total,
        failures_per_day=quota.failures_per_day,
        concurrent=quota.concurrent,
        renews_at=next_day_start(now),
        **counted,
    )
