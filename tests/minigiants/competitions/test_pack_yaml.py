"""Whatever is wrong in competition.yaml is named by its line and its field."""

import json
from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from minigiants.competitions.pack import PackSpec
from minigiants.competitions.pack_yaml import MAX_FAULTS, read_specification
from minigiants.competitions.problems import PackFault, PackRefused

SCHEMA = Path(__file__).parents[3] / "competitions" / "competition.schema.json"


def faults_of(text: str) -> tuple[PackFault, ...]:
    with pytest.raises(PackRefused) as refused:
        read_specification(text, "competition.yaml")
    return refused.value.faults


def test_a_right_one_is_read(tiny_specification: str) -> None:
    spec = read_specification(tiny_specification, "competition.yaml")
    assert spec.ranking_metric.name == "accuracy"
    assert spec.divisions[0].budget.tensor_bits == 3200
    assert [phase.slug for phase in spec.phases] == ["first", "second"]


@pytest.mark.parametrize(
    ("old", "new", "field", "message"),
    [
        ("title: Tiny\n", "", "title", "is missing"),
        ("title: Tiny\n", "title: ''\n", "title", "must not be empty"),
        ("title: Tiny\n", f"title: {'x' * 121}\n", "title", "is longer than 120 characters"),
        ("tagline:", "taglin:", "taglin", "no such field; did you mean 'tagline'?"),
        ("  name: CC0-1.0\n", "", "licence.name", "is missing"),
        ("url: https://", "url: javascript://", "licence.url", "must be an address"),
        ("type: classification", "type: origami", "task", "there is no task 'origami'"),
        ("name: accuracy", "name: acuracy", "metrics[0].name", "there is no metric 'acuracy'"),
        ("name: f1_macro", "name: accuracy", "metrics", "'accuracy' stands here twice"),
        ("title: Macro F1", "decimals: 2", "metrics[1].title", "is missing"),
        ("title: Macro F1", "title: F1\n    decimals: 9", "metrics[1].decimals", "at most 8"),
        ("[onnx]", "[onnx, pickle]", "formats[1]", "there is no format 'pickle'"),
        ("[onnx]", "[]", "formats", "needs at least 1"),
        ("slug: large", "slug: Large", "divisions[1].slug", "must be lower-case letters"),
        ("slug: large", "slug: small", "divisions", "'small' stands here twice"),
        ("parameters: 1000", "parameters: 50", "divisions", "nothing can enter 'large'"),
        ("parameters: 100\n", "parameters: 0\n", "divisions[0].budget.parameters", "at least 1"),
        ("parameters: 100\n", "parametres: 9\n", "divisions[0].budget.parametres", "'parameters'"),
        ("2026-01-01T00:00:00Z", "2026-01-01", "phases[0].opens", "needs a time of day"),
        ("2026-01-01T00:00:00Z", "soon", "phases[0].opens", "it is 'soon'"),
        ("phases:", "timezone: Mars/Olympus\nphases:", "timezone", "there is no time zone 'Mars"),
        (
            "per_day: 5",
            "per_day: 5\n      total: 0",
            "phases[0].quota.total",
            "must be at least 1",
        ),
        (
            "per_day: 5",
            "per_day: 5\n      concurrent: 0",
            "phases[0].quota.concurrent",
            "must be at least 1",
        ),
        ("data:", "late_submissions: perhaps\ndata:", "late_submissions", "it is 'perhaps'"),
        ("data:", "final_selections: 0\ndata:", "final_selections", "must be at least 1"),
        ("data:", "teams:\n  max_size: 0\ndata:", "teams.max_size", "must be at least 1"),
        (
            "data:",
            "teams:\n  merge_deadline: 2025-12-31T23:59:59Z\ndata:",
            "teams.merge_deadline",
            "is before the first phase opens",
        ),
        (
            "data:",
            "teams:\n  merge_deadline: 2127-01-01T00:00:00Z\ndata:",
            "teams.merge_deadline",
            "is after the last phase has closed",
        ),
        ("data:", "teams:\n  merge_deadline: soon\ndata:", "teams.merge_deadline", "it is 'soon'"),
        (
            "data:",
            "teams:\n  merge_deadline: 2026-02-01\ndata:",
            "teams.merge_deadline",
            "needs a time of day",
        ),
        ("data:", f"prizes: {'x' * 2001}\ndata:", "prizes", "longer than 2000 characters"),
        (
            "data:",
            "visibility:\n  audience: friends\ndata:",
            "visibility.audience",
            "'link', 'invitation' or 'email-domain'",
        ),
        (
            "data:",
            "visibility:\n  audience: email-domain\n  email_domains: []\ndata:",
            "visibility.email_domains",
            "names e-mail domains",
        ),
        (
            "data:",
            "visibility:\n  email_domains: [example.org]\ndata:",
            "visibility.email_domains",
            "and no other, names e-mail domains",
        ),
        (
            "data:",
            "visibility:\n  audience: email-domain\n  email_domains: [me@x.org]\ndata:",
            "visibility.email_domains[0]",
            "must be a domain in lower case",
        ),
        ("data:", "split:\n  by: chance\ndata:", "split", "must be one of 'column', 'fraction'"),
        ("data:", "split:\n  column: usage\ndata:", "split", "needs 'by'"),
        (
            "data:",
            "split:\n  by: fraction\n  seed: 1\n  public: 1.5\ndata:",
            "split.public",
            "must be less than 1",
        ),
        (
            "data:",
            "split:\n  by: fraction\n  public: 0.5\ndata:",
            "split.seed",
            "is missing",
        ),
        (
            "data:",
            "split:\n  by: file\n  file: public/train.csv\ndata:",
            "data",
            "it must be a file of its own",
        ),
        ("parameters: 100\n", "side_bytes: 0\n", "divisions", "nothing can enter 'small'"),
        ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "phases[0].closes", "before it opens"),
        ("opens: 2026-02-01", "opens: 2026-01-09", "phases", "opens before 'first' has closed"),
        ("per_day: 5", "per_day: 0", "phases[0].quota.per_day", "must be at least 1"),
        ("per_day: 5", "per_day: many", "phases[0].quota.per_day", "it is 'many'"),
        ("[public/train.csv]", "[../secret]", "data.public[0]", "must be a relative path"),
        ("[public/train.csv]", "[a/../b]", "data.public[0]", "must be a plain relative path"),
        ("[public/train.csv]", "[/etc/passwd]", "data.public[0]", "must be a relative path"),
        ("[public/train.csv]", "[hidden/labels.csv]", "data", "is both hidden and public"),
        ("public/smoke.npy", "hidden/test.npy", "data", "is both hidden and public"),
        ("hidden/labels.csv", "hidden/test.npy", "data", "are one file"),
        ("score: 0.5", "score: .nan", "baselines[0].score", "finite"),
        ("score: 0.5", "score: good", "baselines[0].score", "it is 'good'"),
    ],
)
def test_each_field_wrong_in_turn(
    tiny_specification: str, old: str, new: str, field: str, message: str
) -> None:
    assert old in tiny_specification
    text = tiny_specification.replace(old, new, 1)
    (fault,) = faults_of(text)
    assert fault.field == field
    assert message in fault.message
    assert fault.line is not None
    line = text.splitlines()[fault.line - 1]
    last = field.rsplit(".", 1)[-1].split("[")[0]
    assert last in line or field.endswith("]") or fault.message == "is missing"


@pytest.mark.parametrize(
    ("zone", "written", "meant"),
    [
        ("UTC", "2026-01-01T00:00:00", "2026-01-01T00:00:00+00:00"),
        ("Europe/Berlin", "2026-01-01T00:00:00", "2025-12-31T23:00:00+00:00"),
        ("Europe/Berlin", "2026-01-01T09:30", "2026-01-01T08:30:00+00:00"),
        ("Europe/Berlin", "'2026-01-01 09:30'", "2026-01-01T08:30:00+00:00"),
        ("Europe/Berlin", "2026-01-01T09:30:00-05:00", "2026-01-01T14:30:00+00:00"),
    ],
)
def test_a_time_without_an_offset_is_one_of_the_competitions_zone(
    tiny_specification: str, zone: str, written: str, meant: str
) -> None:
    text = tiny_specification.replace("2026-01-01T00:00:00Z", written)
    spec = read_specification(text + f"timezone: {zone}\n", "competition.yaml")
    assert spec.phases[0].opens == datetime.fromisoformat(meant)


def test_the_deadline_of_merges_is_one_of_the_competitions_zone(tiny_specification: str) -> None:
    text = tiny_specification + (
        "timezone: Europe/Berlin\nteams:\n  merge_deadline: 2026-01-05T12:00\n"
    )
    teams = read_specification(text, "competition.yaml").teams
    assert teams.merge_deadline == datetime.fromisoformat("2026-01-05T11:00:00+00:00")
    skipped = text.replace("2026-01-05T12:00", "2026-03-29T02:30")
    (fault,) = faults_of(skipped)
    assert fault.field == "teams"
    assert "where the clocks change; give it an offset" in fault.message


@pytest.mark.parametrize("moment", ["2026-03-29T02:30:00", "2026-10-25T02:30:00"])
def test_a_time_that_the_clocks_skip_or_repeat_is_refused(
    tiny_specification: str, moment: str
) -> None:
    text = tiny_specification.replace("2026-01-01T00:00:00Z", moment) + "timezone: Europe/Berlin\n"
    (fault,) = faults_of(text)
    assert fault.field == "phases"
    assert "where the clocks change; give it an offset" in fault.message


def test_several_faults_are_told_at_once(tiny_specification: str) -> None:
    text = tiny_specification.replace("title: Tiny", "titel: Tiny").replace("0.5", "x")
    assert [fault.field for fault in faults_of(text)] == ["title", "baselines[0].score", "titel"]


def test_a_flood_of_faults_is_cut(tiny_specification: str) -> None:
    flood = "".join(f"field_{number}: 1\n" for number in range(2000))
    assert len(faults_of(tiny_specification + flood)) == MAX_FAULTS


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("title: a\ntitle: b\n", 2, "the key 'title' stands here twice"),
        ("title: &t a\ntagline: *t\n", 2, "aliases are not read"),
        ("title: !!python/object/apply:os.system [id]\n", 1, "could not determine a constructor"),
        ("title: [1, 2\n", 2, "expected ',' or ']'"),
        ("- a\n- b\n", 1, "must be a mapping"),
        ("", 1, "must be a mapping"),
        ("title: a\x07b\n", None, "is not YAML"),
        ("title: a\n---\ntitle: b\n", 2, "but found another document"),
        ("[" * 1500, None, "is not YAML"),
    ],
)
def test_what_is_no_plain_mapping(text: str, line: int | None, message: str) -> None:
    (fault,) = faults_of(text)
    assert fault.line == line
    assert message in fault.message


@settings(max_examples=60)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(sorted(PackSpec.model_fields)), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_any_document_gives_faults_and_no_other_error(document: object) -> None:
    assert faults_of(yaml.safe_dump(document))


def test_the_schema_for_editors_is_current() -> None:
    out = StringIO()
    call_command("pack_schema", stdout=out)
    assert json.loads(SCHEMA.read_text()) == json.loads(out.getvalue()), (
        "run: python manage.py pack_schema > competitions/competition.schema.json"
    )
