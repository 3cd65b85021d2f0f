"""The bell in every page's head."""

from django import template
from django.contrib.auth.models import AnonymousUser

from minigiants.accounts.models import User
from minigiants.notifications.notices import unread_count

register = template.Library()


@register.filter
def unread_notices(user: User | AnonymousUser) -> int:
    """How many notices `user` has not read."""
    return unread_count(user) if isinstance(user, User) else 0
