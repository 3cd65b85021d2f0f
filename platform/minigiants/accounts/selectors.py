"""Reading people's tokens."""

from django.db.models import QuerySet

from minigiants.accounts.models import ApiToken, User


def token_list(*, user: User) -> QuerySet[ApiToken]:
    """All tokens of `user`, the newest first; expired and revoked ones too."""
    return ApiToken.objects.filter(user=user)
