"""What operators ask of the installation."""

import pytest
from django.test import Client

from minigiants.accounts.services import token_create
from tests.support.factories import UserFactory
from tests.support.pipeline import Pipeline, queued_submission
from tests.support.problem_documents import code_of

pytestmark = pytest.mark.django_db

PATH = "/api/v1/installation"


def test_operators_see_how_its_parts_are() -> None:
    pipeline = Pipeline.start()
    queued_submission()
    pipeline.claim_predict(queued_submission().evaluations.get())
    _, secret = token_create(user=UserFactory(is_staff=True), name="ops", scopes=["admin"], days=1)
    state = Client(headers={"Authorization": f"Bearer {secret}"}).get(PATH).json()
    assert (state["database"], state["broker"]) == ("ok", "ok")
    assert state["queues"] == {"queued": 1, "predicting": 1, "scoring": 0}
    assert (state["healthy"], state["workers"]) == (False, [])


def test_who_is_no_operator_any_more_sees_nothing() -> None:
    user = UserFactory(is_staff=True)
    _, secret = token_create(user=user, name="ops", scopes=["admin"], days=1)
    user.is_staff = False
    user.save()
    answer = Client(headers={"Authorization": f"Bearer {secret}"}).get(PATH)
    assert (answer.status_code, code_of(answer)) == (403, "not_permitted")
