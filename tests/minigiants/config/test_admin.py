"""Django's admin for operators: every list and every page opens, and only for staff."""

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from minigiants.submissions.models import Submission
from tests.support.factories import UserFactory
from tests.support.pipeline import Pipeline, queued_submission

pytestmark = pytest.mark.django_db

MODELS = sorted(
    (model for model in admin.site._registry if model.__module__.startswith("minigiants.")),
    key=lambda model: model._meta.label,
)


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    return client


def test_what_operators_look_after_is_registered() -> None:
    assert Submission in MODELS
    assert len(MODELS) >= 10


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_list_and_page_opens(operator: Client, model: type[Model]) -> None:
    Pipeline.start().run(queued_submission(), public=0.9)
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    assert operator.get(reverse(f"{name}_changelist"), {"q": "x"}).status_code == 200
    row = model._default_manager.order_by("pk").first()
    if row is not None:
        assert operator.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200


def test_nobody_else_gets_in(client: Client) -> None:
    client.force_login(UserFactory.create())
    answer = client.get("/admin/")
    assert answer.status_code == 302
    assert "/login/" in answer["Location"]
