"""Rows for tests: people, competitions, teams, models and submissions, ready to be used.

Everything is made as the services would leave it, so that each test begins at its own step.
"""

import hashlib
from datetime import timedelta
from functools import cache
from typing import Any

import factory
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.utils import timezone
from factory.django import DjangoModelFactory

from evaluator.contract import composite_digest
from evaluator.inspection import INSPECTOR_VERSION, Counts, Verdict
from minigiants.accounts.models import User
from minigiants.artifacts.models import Artifact, ArtifactFile, Blob, Inspection
from minigiants.competitions.models import (
    Competition,
    Division,
    PackFile,
    PackVersion,
    Phase,
    RulesAcceptance,
)
from minigiants.competitions.pack import PackSpec
from minigiants.competitions.selectors import current_version, rules_digest
from minigiants.core.blobstore import blob_store, staging_folder
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Evaluation, StateChange, Submission
from minigiants.teams.models import Membership, Team

PASSWORD = "correct horse battery staple"


def pack_spec(**changes: Any) -> PackSpec:
    """A small competition with two divisions, open from yesterday for a month."""
    now = timezone.now()
    given: dict[str, Any] = {
        "title": "Tiny digits",
        "tagline": "Read digits with next to nothing",
        "demonstration": True,
        "licence": {"name": "CC0-1.0", "url": "https://creativecommons.org/publicdomain/zero/1.0/"},
        "task": {"type": "classification", "settings": {"classes": 10}},
        "metrics": [
            {"name": "accuracy", "title": "Accuracy", "decimals": 4},
            {"name": "f1_macro", "title": "Macro F1", "decimals": 3},
        ],
        "formats": ["onnx", "python"],
        "divisions": [
            {"slug": "nano", "title": "≤ 1k parameters", "budget": {"parameters": 1000}},
            {"slug": "micro", "title": "≤ 10k parameters", "budget": {"parameters": 10_000}},
        ],
        "phases": [
            {
                "slug": "main",
                "title": "Main phase",
                "opens": now - timedelta(days=1),
                "closes": now + timedelta(days=30),
                "quota": {"per_day": 5, "total": 50, "concurrent": 2, "failures_per_day": 3},
            }
        ],
        "upload": {"max_bytes": 32 * 1024**2, "max_files": 16},
        "data": {
            "public": ["train.csv"],
            "smoke_inputs": "smoke.npy",
            "hidden_inputs": "hidden.npy",
            "labels": "labels.csv",
        },
        "baselines": [{"folder": "linear", "title": "Linear", "score": 0.9}],
    }
    return PackSpec.model_validate(given | changes)


def stored_blob(content: bytes) -> Blob:
    """`content` (at most one part long) in the blob store, and its row."""
    digest = composite_digest([hashlib.sha256(content).digest()])
    with staging_folder() as folder:
        path = folder / "blob"
        path.write_bytes(content)
        blob_store().adopt(path, digest)
    return Blob.objects.get_or_create(digest=digest, defaults={"size": len(content)})[0]


@cache
def _hashed_password() -> str:
    # Hashing is slow on purpose; once is enough for all people of a test run.
    return make_password(PASSWORD)


class UserFactory(DjangoModelFactory[User]):
    """A person with a confirmed address and the password `PASSWORD`."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"person{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.org")

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        user = model_class.objects.create(*args, **{"password": _hashed_password(), **kwargs})
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user


class CompetitionFactory(DjangoModelFactory[Competition]):
    """A published competition. `spec` is its specification, `pages` and `files` its content."""

    class Meta:
        model = Competition
        skip_postgeneration_save = True

    slug = factory.Sequence(lambda n: f"tiny-{n}")

    @classmethod
    def _create(cls, model_class: type[Competition], *args: Any, **kwargs: Any) -> Competition:
        spec: PackSpec = kwargs.pop("spec", None) or pack_spec()
        pages = {"overview": "# Overview", "data": "# Data", "rules": "# Rules\n\nPlay fair."}
        pages |= kwargs.pop("pages", {})
        files: dict[str, bytes] = kwargs.pop("files", {"train.csv": b"x,y\n1,2\n"})
        competition = model_class.objects.create(title=spec.title, tagline=spec.tagline, **kwargs)
        version = PackVersion.objects.create(
            competition=competition,
            number=1,
            content_hash=hashlib.sha256(competition.slug.encode()).hexdigest(),
            specification=spec.model_dump(mode="json"),
            pages=pages,
        )
        for path, content in files.items():
            blob = stored_blob(content)
            PackFile.objects.create(
                version=version,
                role=PackFile.Role.PUBLIC,
                path=path,
                digest=blob.digest,
                size=blob.size,
            )
        for position, phase in enumerate(spec.phases):
            Phase.objects.create(
                competition=competition,
                slug=phase.slug,
                position=position,
                title=phase.title,
                opens_at=phase.opens,
                closes_at=phase.closes,
            )
        for position, division in enumerate(spec.divisions):
            Division.objects.create(
                competition=competition, slug=division.slug, position=position, title=division.title
            )
        competition.current_version = version
        competition.save(update_fields=["current_version"])
        return competition


def version_change(version: PackVersion, specification: dict[str, Any]) -> None:
    """Let a version have another specification, as no published one ever has."""
    version.specification = specification
    version.content_hash = hashlib.sha256(repr(specification).encode()).hexdigest()
    version.save()


class TeamFactory(DjangoModelFactory[Team]):
    """A team of one, led by `user`, who has accepted the rules."""

    class Meta:
        model = Team
        skip_postgeneration_save = True

    competition = factory.SubFactory(CompetitionFactory)
    name = factory.Sequence(lambda n: f"Team {n}")

    @classmethod
    def _create(cls, model_class: type[Team], *args: Any, **kwargs: Any) -> Team:
        user = kwargs.pop("user", None) or UserFactory()
        team = model_class.objects.create(**kwargs)
        member_add(team, user, is_leader=True)
        return team


def member_add(team: Team, user: User, *, is_leader: bool = False) -> None:
    """Let `user` join `team`, with the rules accepted."""
    Membership.objects.create(
        team=team, competition=team.competition, user=user, is_leader=is_leader
    )
    digest = rules_digest(current_version(team.competition))
    RulesAcceptance.objects.get_or_create(
        user=user, competition=team.competition, rules_digest=digest
    )


def member_of(team: Team) -> User:
    """The first person in `team`."""
    return User.objects.filter(memberships__team=team).order_by("pk")[0]


class ArtifactFactory(DjangoModelFactory[Artifact]):
    """An ONNX model of `parameters` parameters that inspection has accepted into `division`.

    Its one file is no real ONNX: for what runs a model, upload one.
    """

    class Meta:
        model = Artifact

    team = factory.SubFactory(TeamFactory)
    format = "onnx"
    manifest_digest = factory.Sequence(lambda n: f"{n:064x}")

    @classmethod
    def _create(cls, model_class: type[Artifact], *args: Any, **kwargs: Any) -> Artifact:
        parameters = kwargs.pop("parameters", 650)
        division = kwargs.pop("division", "nano" if parameters <= 1000 else "micro")
        content = b"model " + kwargs["manifest_digest"].encode()
        artifact = model_class.objects.create(
            uploaded_by=kwargs.pop("uploaded_by", None) or member_of(kwargs["team"]),
            size=len(content),
            **kwargs,
        )
        ArtifactFile.objects.create(artifact=artifact, path="model.onnx", blob=stored_blob(content))
        counts = Counts(
            parameters=parameters,
            tensor_bits=32 * parameters,
            side_bytes=400,
            artifact_bytes=4 * parameters + 400,
        )
        competition = artifact.team.competition
        Inspection.objects.create(
            artifact=artifact,
            pack_version=current_version(competition),
            inspector_version=INSPECTOR_VERSION,
            verdict=Verdict(
                inspector_version=INSPECTOR_VERSION, format=artifact.format, counts=counts
            ).model_dump(mode="json"),
            accepted=True,
            division=competition.divisions.get(slug=division),
            **counts.model_dump(),
        )
        return artifact


class SubmissionFactory(DjangoModelFactory[Submission]):
    """A submission that waits in the queue, with its evaluation and first state change."""

    class Meta:
        model = Submission

    artifact = factory.SubFactory(ArtifactFactory)

    @classmethod
    def _create(cls, model_class: type[Submission], *args: Any, **kwargs: Any) -> Submission:
        artifact: Artifact = kwargs.pop("artifact")
        team, competition = artifact.team, artifact.team.competition
        inspection = artifact.inspections.get()
        status = kwargs.setdefault("status", Status.QUEUED)
        kwargs.setdefault("quota_charged", True)
        submission = model_class.objects.create(
            competition=competition,
            pack_version=current_version(competition),
            phase=competition.phases.get(slug="main"),
            division=inspection.division,
            team=team,
            submitted_by=artifact.uploaded_by,
            artifact=artifact,
            inspection=inspection,
            number=team.submissions.count() + 1,
            **kwargs,
        )
        evaluation = Evaluation.objects.create(submission=submission, profile="cpu", status=status)
        StateChange.objects.create(submission=submission, evaluation=evaluation, status=status)
        return submission
