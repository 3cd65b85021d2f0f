"""docs/webhooks.md tells every kind, every fault and the schedule, and its example works."""

import re
from pathlib import Path
from typing import Any

import pytest

from minigiants.notifications.models import Webhook
from minigiants.notifications.selectors import Subject
from minigiants.notifications.sending import Fault
from minigiants.notifications.services import outbox_deliver
from minigiants.notifications.webhook_delivery import RETRY_SECONDS, webhooks_deliver
from minigiants.notifications.webhook_events import TEST_KIND, all_kinds, example_data
from minigiants.notifications.webhooks import webhook_create
from tests.support.factories import member_of
from tests.support.pipeline import Pipeline, queued_submission
from tests.support.webhook_receiver import ALLOW_LOOPBACK, Receiver

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "webhooks.md").read_text(encoding="utf-8")


def test_every_kind_is_in_the_table() -> None:
    rows = re.findall(r"^\| `(\w+\.\w+)` \| ([\w, ]+) \| (.*) \|$", TEXT, re.MULTILINE)
    expected = [
        (kind.name, ", ".join(sorted(kind.audiences, reverse=True)), kind.summary)
        for kind in all_kinds()
    ]
    assert [row for row in rows if row[0] != TEST_KIND] == expected


def test_every_fault_is_in_the_table() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]* \|$", TEXT, re.MULTILINE)
    assert rows == [fault.value for fault in Fault]


def test_the_schedule_is_the_one_that_is_kept() -> None:
    assert RETRY_SECONDS == (5, 60, 300, 1800, 7_200, 21_600, 43_200, 86_400)
    assert "5\nseconds, 1 minute, 5 minutes, 30 minutes, 2, 6, 12 and 24 hours" in TEXT


@pytest.mark.django_db
def test_the_example_receives_what_is_sent(
    receiver: Receiver, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)  # the documentation's own code
    settings.WEBHOOK_NETWORKS = ALLOW_LOOPBACK
    submission = queued_submission()
    _, secret = webhook_create(
        user=member_of(submission.team), subject=Subject(team=submission.team), url=receiver.url
    )
    Pipeline.start().run(submission, public=0.9)
    outbox_deliver()
    webhooks_deliver()
    assert Webhook.objects.get().failures == 0
    for received in receiver.received * 2:
        assert names["receive"](secret, received.headers, received.body) == 204
    assert capsys.readouterr().out == "#1 scored 0.9000, rank 1\n"
    last = receiver.received[-1]
    assert names["receive"](secret, last.headers, last.body + b" ") == 400


@pytest.mark.django_db
def test_the_documented_members_are_those_that_are_sent() -> None:
    from minigiants.core.models import OutboxEvent
    from minigiants.notifications.webhook_events import kind_find

    Pipeline.start().claim_predict(queued_submission().evaluations.get())
    event = OutboxEvent.objects.get()
    kind = kind_find(event.kind)
    assert kind is not None
    data = kind.tell(event).data
    assert set(data) == set(example_data())
    for member in data:
        assert f"`{member}`" in TEXT
