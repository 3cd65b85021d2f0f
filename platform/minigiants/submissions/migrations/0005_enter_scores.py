"""Enter what was scored before boards kept entries, and derive the standings from it."""

from django.db import migrations

from minigiants.competitions.pack import PackSpec
from minigiants.leaderboards.places import place_of, ranking_key

COPIED = (
    "submission_id",
    "division_id",
    "score",
    "ranking_key",
    "place",
    "achieved_at",
    "format",
    "parameters",
    "tensor_bits",
    "artifact_bytes",
    "latency_seconds",
    "peak_memory_bytes",
)


def enter(apps, schema_editor):
    Submission = apps.get_model("submissions", "Submission")
    Score = apps.get_model("submissions", "Score")
    Board = apps.get_model("leaderboards", "Board")
    Entry = apps.get_model("leaderboards", "Entry")
    scored = Submission.objects.filter(status="scored", division__isnull=False).select_related(
        "pack_version", "artifact", "inspection"
    )
    for submission in scored.order_by("id").iterator(chunk_size=200):
        metric = PackSpec.model_validate(submission.pack_version.specification).ranking_metric
        scores = Score.objects.filter(
            evaluation__submission=submission, metric=metric.name
        ).order_by("evaluation_id")
        places = {}
        for score in scores:
            key = ranking_key(score.value, higher_is_better=metric.higher_is_better)
            place = place_of(
                ranking_key=key, achieved_at=submission.created_at, submission_id=submission.pk
            )
            places[score.split] = (score.value, key, place)
        if set(places) != {"public", "private"}:
            continue
        evaluation = submission.evaluations.order_by("-id").first()
        for split, (value, key, place) in places.items():
            board, _ = Board.objects.get_or_create(
                phase_id=submission.phase_id,
                division_id=submission.division_id,
                split=split,
                defaults={"competition_id": submission.competition_id},
            )
            Entry.objects.create(
                board=board,
                team_id=submission.team_id,
                submission_id=submission.pk,
                division_id=submission.division_id,
                score=value,
                ranking_key=key,
                place=place,
                public_place=places["public"][2],
                achieved_at=submission.created_at,
                format=submission.artifact.format,
                parameters=submission.inspection.parameters or 0,
                tensor_bits=submission.inspection.tensor_bits or 0,
                artifact_bytes=submission.inspection.artifact_bytes or 0,
                latency_seconds=evaluation.measurements.get("latency_seconds"),
                peak_memory_bytes=evaluation.measurements.get("peak_memory_bytes"),
            )
    _derive_standings(Entry.objects, apps.get_model("leaderboards", "Standing").objects)


def _derive_standings(entries, standings):
    """Publicly a team's best; privately the better of the two that are best publicly."""
    rows = {}
    for entry in entries.order_by("board_id", "team_id", "public_place").iterator(chunk_size=1000):
        rows.setdefault((entry.board_id, entry.team_id), []).append(entry)
    for (board_id, team_id), found in rows.items():
        best = min(found[:2], key=lambda entry: bytes(entry.place))
        standings.create(
            board_id=board_id,
            team_id=team_id,
            entries=len(found),
            last_at=max(entry.achieved_at for entry in found),
            **{name: getattr(best, name) for name in COPIED},
        )


class Migration(migrations.Migration):
    dependencies = [
        ("submissions", "0004_selections_and_rulings"),
        ("leaderboards", "0003_counting"),
    ]

    operations = [migrations.RunPython(enter, migrations.RunPython.noop)]
