"""What comes before taking part."""

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition
from minigiants.competitions.problems import RulesNotAccepted
from minigiants.competitions.selectors import rules_accepted


def require_rules_accepted(*, user: User, competition: Competition) -> None:
    """Raise RulesNotAccepted unless `user` has accepted the rules as they stand now."""
    if not rules_accepted(user=user, competition=competition):
        raise RulesNotAccepted(f"The rules of {competition.title} come first.")
