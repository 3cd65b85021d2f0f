"""What a person wants to be told."""

from minigiants.accounts.models import User


def result_mail_choose(*, user: User, wanted: bool) -> None:
    """Choose whether mails tell `user` how submissions ended."""
    User.objects.filter(pk=user.pk).update(wants_result_mail=wanted)
