"""Editing a competition in the browser: who may, what it makes, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition, Host, PackVersion
from minigiants.competitions.pack_archive import unpacked
from minigiants.competitions.pack_folder import read_pack
from minigiants.competitions.problems import PackChanged, PageExists
from minigiants.competitions.services import pack_freeze
from minigiants.core.models import AuditEntry
from minigiants.core.problems import InvalidInput
from minigiants.submissions.editing import page_add
from minigiants.submissions.models import Submission
from tests.support.archived_pack import made_founder, pack_files, served
from tests.support.factories import UserFactory
from tests.support.zipped import zipped

pytestmark = pytest.mark.django_db
BASE = "/competitions/tiny/manage"


@pytest.fixture
def owner(tmp_path: Path) -> User:
    person = made_founder()
    served(pack_files(tmp_path), person)
    return person


@pytest.fixture
def client(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


def serving() -> PackVersion:
    version = Competition.objects.get(slug="tiny").current_version
    assert version is not None
    return version


def sender(client: Client) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Sends to the API of the competition's hosts: a method, a path, the body's fields."""

    def send(method: str, path: str, **body: object) -> tuple[int, dict[str, Any]]:
        answer = getattr(client, method)(
            f"/api/v1/host/competitions/tiny/{path}", body, content_type="application/json"
        )
        return answer.status_code, answer.json()

    return send


def settings_of(client: Client, **changes: str) -> dict[str, str]:
    """What a browser sends of the form as it stands, with changes."""
    context = client.get(f"{BASE}/settings/").context
    fields = {field.html_name: field.value() for field in context["form"]}
    told = {name: "" if value is None else str(value) for name, value in fields.items()}
    return {**told, "version": str(context["version"].number), **changes}


def test_a_page_is_edited(client: Client) -> None:
    first = serving()
    text = "# Rules\r\n\r\nBe *kind*.\r\n"
    told = {"version": "1", "text": text}
    answer = client.post(f"{BASE}/pages/rules/", told, follow=True)
    assert "Version 2 serves." in answer.text
    assert serving().pages["rules"] == "# Rules\n\nBe *kind*.\n"
    assert "<em>kind</em>" in client.get("/competitions/tiny/rules/").text
    assert first.pages["rules"] == "# Page\n"
    assert set(Submission.objects.values_list("pack_version__number", flat=True)) == {1, 2}
    assert AuditEntry.objects.filter(action="pack.publish").count() == 2
    kept = {(file.role, file.path, file.digest) for file in first.files.all()}
    assert kept == {(file.role, file.path, file.digest) for file in serving().files.all()}


@pytest.mark.parametrize("text", ["", "   ", "x" * 300_000])
def test_a_page_that_says_nothing_or_too_much(client: Client, text: str) -> None:
    answer = client.post(f"{BASE}/pages/rules/", {"version": "1", "text": text})
    assert answer.status_code == 422
    assert serving().number == 1


def test_a_page_that_there_is_not(client: Client) -> None:
    for name in ("nothing", "readme"):
        path = f"{BASE}/pages/{name}/"
        assert client.get(path).status_code == 404
        assert client.post(path, {"version": "1", "text": "# Me"}).status_code == 404


def test_nobody_overwrites_what_another_has_published(client: Client) -> None:
    client.post(f"{BASE}/pages/rules/", {"version": "1", "text": "# Mine"})
    answer = client.post(f"{BASE}/pages/rules/", {"version": "1", "text": "# Theirs"})
    assert answer.status_code == 422
    assert "Somebody has published another version meanwhile" in answer.text
    assert "# Theirs" in answer.text
    assert serving().pages["rules"] == "# Mine"
    stale = settings_of(client, version="1", title="Stale")
    assert client.post(f"{BASE}/settings/", stale).status_code == 422
    assert serving().spec.title == "Tiny"


def test_two_who_save_at_once(client: Client, owner: User, tmp_path: Path) -> None:
    """The second has read its version before the first had published."""
    first = serving()
    client.post(f"{BASE}/pages/rules/", {"version": "1", "text": "# Mine"})
    files = pack_files(tmp_path) | {"pages/rules.md": b"# Theirs"}
    with unpacked(zipped(files), slug="tiny") as folder, pytest.raises(PackChanged):
        pack_freeze(pack=read_pack(folder), built=folder / "built", actor=owner, replaces=first)
    assert (serving().number, serving().pages["rules"]) == (2, "# Mine")


@pytest.mark.parametrize("version", ["", "one"])
def test_a_form_that_names_no_version(client: Client, version: str) -> None:
    told = {"version": version, "text": "# Mine"}
    for answer in (
        client.post(f"{BASE}/pages/rules/", told),
        client.post(f"{BASE}/settings/", settings_of(client, version=version)),
    ):
        assert answer.status_code == 422
        assert "does not say which version" in answer.text
    assert serving().number == 1


def test_pages_may_bear_any_name_of_a_file(client: Client, owner: User, tmp_path: Path) -> None:
    names = ("how.to", "how to", "prüfung")
    files = pack_files(tmp_path) | {f"pages/{name}.md": b"# More\n" for name in names}
    served(files, owner)
    for name in names:
        path = f"{BASE}/pages/{quote(name)}/"
        assert path in client.get(f"{BASE}/pages/rules/").text
        told = {"version": str(serving().number), "text": f"# {name}\n"}
        assert client.post(path, told).status_code == 302
        assert serving().pages[name] == f"# {name}\n"


def test_pages_are_added_shown_and_removed(client: Client) -> None:
    assert "Remove this page" not in client.get(f"{BASE}/pages/rules/").text
    editor = client.get(f"{BASE}/pages/").text
    assert "A new page" in editor
    told = {"version": "1", "name": "faq", "text": "# Questions\r\n\r\nNone *yet*.\r\n"}
    shown = client.post(f"{BASE}/pages/", {**told, "preview": "1"})
    assert "<em>yet</em>" in shown.text
    assert serving().number == 1
    answer = client.post(f"{BASE}/pages/", told, follow=True)
    assert "Version 2 serves." in answer.text
    assert "Remove this page" in answer.text
    assert serving().pages["faq"] == "# Questions\n\nNone *yet*.\n"
    tab = '<a href="/competitions/tiny/pages/faq/"'
    assert tab in Client().get("/competitions/tiny/").text
    read = Client().get("/competitions/tiny/pages/faq/").text
    assert "<em>yet</em>" in read
    assert f'{tab} aria-current="page">Faq</a>' in read
    answer = client.post(f"{BASE}/pages/faq/remove/", {"version": "2"}, follow=True)
    assert "Version 1 serves." in answer.text
    assert "faq" not in serving().pages
    assert Client().get("/competitions/tiny/pages/faq/").status_code == 404
    assert AuditEntry.objects.filter(action="pack.publish").count() == 3


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"name": "rules"}, "name"),
        ({"name": "FAQ"}, "name"),
        ({"name": "../rules"}, "name"),
        ({"name": "x" * 33}, "name"),
        ({"name": ""}, "name"),
        ({"text": " "}, "text"),
        ({"text": "ü" * 150_000}, "text"),
        ({"version": "9"}, "__all__"),
        ({"version": ""}, "version"),
    ],
)
def test_a_page_that_is_not_added(client: Client, told: dict[str, str], field: str) -> None:
    whole = {"version": "1", "name": "faq", "text": "# Questions", **told}
    answer = client.post(f"{BASE}/pages/", whole)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {field}
    assert serving().number == 1


def test_names_that_differ_by_case_alone_are_one(
    client: Client, owner: User, tmp_path: Path
) -> None:
    """An archive with both would be refused, and the pack could not be edited any more."""
    files = pack_files(tmp_path) | {"pages/FAQ.md": b"# Questions"}
    served(files, owner)
    told = {"version": "2", "name": "faq", "text": "# Questions"}
    assert client.post(f"{BASE}/pages/", told).status_code == 422
    with pytest.raises(PageExists):
        page_add(competition=serving().competition, number=2, name="faq", text="x", actor=owner)
    with pytest.raises(InvalidInput):
        page_add(competition=serving().competition, number=2, name="../a", text="x", actor=owner)


def test_pages_that_stay(client: Client) -> None:
    told = {"version": "1", "name": "faq", "text": "# Questions"}
    client.post(f"{BASE}/pages/", told)
    for name, version, message in (
        ("rules", "2", "Every competition has this page"),
        ("faq", "1", "Somebody has published another version meanwhile"),
        ("faq", "", "does not say which version"),
    ):
        answer = client.post(f"{BASE}/pages/{name}/remove/", {"version": version}, follow=True)
        assert message in answer.text
    assert client.post(f"{BASE}/pages/nothing/remove/", {"version": "2"}).status_code == 404
    assert client.get(f"{BASE}/pages/faq/remove/").status_code == 405
    assert (serving().number, set(serving().pages)) == (2, {"overview", "data", "rules", "faq"})


def test_a_preview_is_safe_and_saves_nothing(client: Client) -> None:
    hostile = "# Hi\n\n<script>alert(1)</script> [x](javascript:alert(1)) **bold**"
    live = client.post(f"{BASE}/preview/", {"text": hostile})
    plain = client.post(f"{BASE}/pages/rules/", {"version": "1", "text": hostile, "preview": "1"})
    for answer in (live, plain):
        shown = answer.text.split('id="preview"')[-1]
        assert "<strong>bold</strong>" in shown
        assert "<script>alert" not in shown
        assert 'href="javascript' not in shown
    assert serving().number == 1


def test_settings_are_edited(client: Client) -> None:
    changes = {
        "title": "Tiny: again",
        "phases-0-closes": "2031-02-03T04:05",
        "phases-0-reveals": "2031-03-01T00:00",
        "phases-0-per_day": "7",
        "phases-0-total": "70",
        "audience": "email-domain",
        "email_domains": "Example.org, example.com",
    }
    answer = client.post(f"{BASE}/settings/", settings_of(client, **changes), follow=True)
    assert "Version 2 serves." in answer.text
    spec = serving().spec
    (phase,) = spec.phases
    assert spec.title == "Tiny: again"
    assert (phase.closes.isoformat(), phase.quota.per_day, phase.quota.total) == (
        "2031-02-03T04:05:00+00:00",
        7,
        70,
    )
    assert spec.visibility.email_domains == ("example.org", "example.com")
    competition = Competition.objects.get()
    assert (competition.title, competition.audience) == ("Tiny: again", "email-domain")
    assert competition.phases.get().reveals_at == phase.reveals
    back = settings_of(client, audience="public", **{"phases-0-total": ""})
    client.post(f"{BASE}/settings/", back)
    assert serving().spec.phases[0].quota.total is None
    assert serving().spec.visibility.email_domains == ()


def test_the_time_zone_is_chosen_and_times_are_read_in_it(client: Client) -> None:
    """competition.yaml writes some times with an offset; they move with the others."""
    changes = {"phases-0-closes": "2031-02-03T04:05:59", "merge_deadline": "2031-01-01T12:00"}
    client.post(f"{BASE}/settings/", settings_of(client, **changes))
    answer = client.post(
        f"{BASE}/settings/", settings_of(client, timezone="Europe/Berlin"), follow=True
    )
    assert "Version 3 serves." in answer.text
    spec = serving().spec
    deadline = spec.teams.merge_deadline
    assert deadline is not None
    assert spec.timezone == "Europe/Berlin"
    assert [moment.isoformat() for moment in (spec.phases[0].opens, spec.phases[0].closes)] == [
        "2019-12-31T23:00:00+00:00",
        "2031-02-03T03:05:59+00:00",
    ]
    assert deadline.isoformat() == "2031-01-01T11:00:00+00:00"
    form = answer.context["form"]
    assert form["phases-0-closes"].value() == "2031-02-03T04:05:59"
    assert form["merge_deadline"].value() == "2031-01-01T12:00"
    client.post(f"{BASE}/settings/", settings_of(client, merge_deadline=""))
    assert serving().spec.teams.merge_deadline is None


def test_nothing_changed_is_no_new_version(client: Client) -> None:
    assert client.post(f"{BASE}/settings/", settings_of(client)).status_code == 302
    assert serving().number == 1


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"phases-0-closes": "2019-01-01T00:00"}, "phases-0-closes", "closes before it opens"),
        ({"phases-0-closes": "soon"}, "phases-0-closes", ""),
        ({"phases-0-reveals": "2020-01-01T00:00"}, "phases-0-reveals", "still runs"),
        ({"phases-0-per_day": "5000"}, "phases-0-per_day", "at most 1000"),
        ({"phases-0-per_day": "0"}, "phases-0-per_day", "greater than or equal to 1"),
        ({"title": ""}, "title", "required"),
        ({"timezone": "Mars/Olympus"}, "timezone", "not one of the available choices"),
        ({"timezone": ""}, "timezone", "required"),
        ({"merge_deadline": "2019-01-01T00:00"}, "merge_deadline", "before the first phase opens"),
        ({"merge_deadline": "2101-01-01T00:00"}, "merge_deadline", "after the last phase"),
        ({"merge_deadline": "soon"}, "merge_deadline", ""),
        ({"audience": "email-domain"}, "email_domains", "names e-mail domains"),
        ({"audience": "email-domain", "email_domains": "no domain"}, "email_domains", ""),
        ({"audience": "everybody"}, "audience", "not one of the available choices"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    client: Client, changes: dict[str, str], field: str, message: str
) -> None:
    answer = client.post(f"{BASE}/settings/", settings_of(client, **changes))
    assert answer.status_code == 422
    (told, *_) = answer.context["form"].errors[field]
    assert message in told
    assert serving().number == 1


def test_only_owners_and_organizers_edit(owner: User) -> None:
    paths = {
        "pages/rules/": {"version": "1", "text": "# No"},
        "pages/": {"version": "1", "name": "faq", "text": "# No"},
        "pages/rules/remove/": {"version": "1"},
        "preview/": {"text": "x"},
    }
    for role in (*Host.Role.values, None):
        person = UserFactory.create()
        client = Client()
        client.force_login(person)
        if role:
            Host.objects.create(
                competition=Competition.objects.get(slug="tiny"), user=person, role=role
            )
        may = role in {"owner", "organizer"}
        for path, told in {**paths, "settings/": {}}.items():
            status = client.post(f"{BASE}/{path}", told).status_code
            assert (status != 403) == may, (role, path)
        number = serving().number
    assert number == 2
    assert Client().post(f"{BASE}/preview/", {"text": "x"}).status_code == 302


def test_the_same_through_the_api(client: Client) -> None:
    send = sender(client)
    status, told = send("put", "pages/rules", version=1, text="# Be kind")
    assert (status, told["version"], serving().pages["rules"]) == (200, 2, "# Be kind")
    status, told = send("put", "pages/rules", version=1, text="# Too late")
    assert (status, told["code"]) == (409, "pack_changed")
    assert send("put", "pages/nothing", version=2, text="# No")[0] == 404
    status, told = send(
        "patch",
        "settings",
        version=2,
        tagline="As small as can be",
        phases=[{"slug": "main", "closes": "2031-01-01T00:00:00Z", "quota": {"per_day": 9}}],
        visibility={"audience": "invitation"},
        timezone="Asia/Tokyo",
        teams={"merge_deadline": "2030-01-01T12:00"},
    )
    assert (status, told["version"]) == (200, 3)
    spec = serving().spec
    assert (spec.title, spec.tagline, spec.visibility.audience) == (
        "Tiny",
        "As small as can be",
        "invitation",
    )
    assert (spec.phases[0].closes.year, spec.phases[0].quota.per_day) == (2031, 9)
    assert (spec.timezone, str(spec.teams.merge_deadline)) == (
        "Asia/Tokyo",
        "2030-01-01 03:00:00+00:00",
    )
    status, told = send("patch", "settings", version=3, phases=[{"slug": "other"}])
    assert (status, told["code"]) == (404, "not_found")
    early = [{"slug": "main", "closes": "2019-01-01T00:00:00Z"}]
    status, told = send("patch", "settings", version=3, phases=early)
    assert (status, told["code"]) == (422, "pack_refused")
    (fault,) = told["faults"]
    assert (fault["field"], fault["line"]) == ("phases[0].closes", 11)
    assert serving().number == 3


def test_the_audit_log_names_what_was_edited(client: Client) -> None:
    send = sender(client)
    send("put", "pages/rules", version=1, text="# Be kind")
    send("post", "pages", version=2, name="faq", text="# Questions")
    send("patch", "settings", version=3, title="Tinier", visibility={"audience": "link"})
    client.post(f"{BASE}/settings/", settings_of(client, tagline="Smaller"))
    send("delete", "pages/faq?version=5")
    entries = AuditEntry.objects.filter(action="pack.publish").order_by("id")
    told = [
        {key: value for key, value in entry.detail.items() if key != "content_hash"}
        for entry in entries
    ]
    assert told == [
        {"version": 1},
        {"version": 2, "page_edited": "rules"},
        {"version": 3, "page_added": "faq"},
        {
            "version": 4,
            "settings_edited": "title, visibility.audience, visibility.email_domains",
        },
        {"version": 5, "settings_edited": "tagline"},
        {"version": 6, "page_removed": "faq"},
    ]
    assert "page_removed: faq" in client.get(f"{BASE}/audit/").text


def test_pages_through_the_api(client: Client) -> None:
    send = sender(client)
    status, told = send("post", "pages", version=1, name="rules", text="# Two")
    assert (status, told["code"]) == (409, "page_exists")
    status, told = send("post", "pages", version=1, name="faq", text="# Questions")
    assert (status, told["version"], serving().pages["faq"]) == (201, 2, "# Questions")
    status, told = send("delete", "pages/faq?version=1")
    assert (status, told["code"]) == (409, "pack_changed")
    status, told = send("delete", "pages/rules?version=2")
    assert (status, told["code"]) == (409, "page_needed")
    assert send("delete", "pages/nothing?version=2")[0] == 404
    assert send("delete", "pages/faq")[0] == 422
    assert send("delete", "pages/faq?version=2")[1]["version"] == 1
