"""Who competes has accepted the rules as they stand now."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser

from minigiants.competitions.models import RulesAcceptance
from minigiants.competitions.selectors import competition_get, rules_accepted
from minigiants.competitions.services import pack_publish, rules_accept
from minigiants.core.models import AuditEntry
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_accepting_is_remembered_until_the_rules_change(make_pack: Callable[..., Path]) -> None:
    folder = make_pack()
    pack_publish(folder=folder, actor=None)
    user = UserFactory.create()
    competition = competition_get(slug="tiny", user=user)
    assert not rules_accepted(user=user, competition=competition)
    rules_accept(user=user, competition=competition)
    rules_accept(user=user, competition=competition)
    assert rules_accepted(user=user, competition=competition)
    assert RulesAcceptance.objects.count() == 1
    assert AuditEntry.objects.filter(action="rules.accept").count() == 1
    assert not rules_accepted(user=UserFactory.create(), competition=competition)

    (folder / "pages/data.md").write_text("Another word on the data")
    pack_publish(folder=folder, actor=None)
    assert rules_accepted(user=user, competition=competition_get(slug="tiny", user=user))

    (folder / "pages/rules.md").write_text("One more rule")
    pack_publish(folder=folder, actor=None)
    assert not rules_accepted(user=user, competition=competition_get(slug="tiny", user=user))


def test_nobody_in_particular_has_accepted_nothing(make_pack: Callable[..., Path]) -> None:
    pack_publish(folder=make_pack(), actor=None)
    competition = competition_get(slug="tiny", user=None)
    assert not rules_accepted(user=AnonymousUser(), competition=competition)
    assert not rules_accepted(user=None, competition=competition)
