"""Reading competitions."""

import hashlib
import json

from django.db.models import Case, F, Q, QuerySet, When

from minigiants.accounts.models import User
from minigiants.competitions.models import (
    Competition,
    Host,
    PackFile,
    PackVersion,
    RulesAcceptance,
)
from minigiants.competitions.pack import PackSpec
from minigiants.competitions.pack_folder import REQUIRED_PAGES
from minigiants.competitions.policies import (
    ALLOWED,
    HostAction,
    Viewer,
    is_host,
    may_host,
    may_see,
    visible_competitions,
)
from minigiants.core.models import AuditEntry
from minigiants.core.problems import NotFound, NotPermitted
from minigiants.core.queries import one_or_none


def competition_list(*, user: Viewer) -> QuerySet[Competition]:
    """The competitions that `user` may see, by slug, each with its current version."""
    return visible_competitions(user=user).select_related("current_version")


def competition_get(*, slug: str, user: Viewer) -> Competition:
    """The competition, with its current version; `is_host` tells whether `user` is a host of it.

    Raises NotFound, also where it is not public.
    """
    competition = one_or_none(
        Competition.objects.select_related("current_version")
        .annotate(is_host=is_host(viewer=user))
        .filter(slug=slug)
    )
    if competition is None or not may_see(user=user, competition=competition):
        raise NotFound(f"There is no competition {slug!r}.")
    return competition


def hosted_competition_get(*, slug: str, user: User, action: HostAction) -> Competition:
    """The competition, published or not, for a host whose role allows `action`.

    Raises NotFound for whoever may not know of it, and NotPermitted for whoever may.
    """
    found = Competition.objects.select_related("current_version").filter(slug=slug).first()
    if found is None or not may_host(actor=user, slug=slug, action=HostAction.LOOK):
        competition_get(slug=slug, user=user)  # which says whether there is one
        raise NotPermitted(
            f"You are no host of {slug!r}.", mend="Ask an owner of the competition for a role."
        )
    if not may_host(actor=user, slug=slug, action=action):
        roles = ", ".join(sorted(role.value for role in ALLOWED[action]))
        raise NotPermitted(
            f"This takes another role among the hosts of {slug!r}.",
            mend=f"Ask an owner for one of the roles: {roles}.",
        )
    return found


def competitions_hosted(*, user: User) -> QuerySet[Competition]:
    """The competitions that `user` is a host of, published or not, by slug."""
    return Competition.objects.filter(
        pk__in=Host.objects.filter(user=user).values("competition"), versions__isnull=False
    ).distinct()


def latest_version(competition: Competition) -> PackVersion:
    """The version that serves, or served last; before any has, the newest. Raises NotFound."""
    if competition.current_version is not None:
        return competition.current_version
    version = competition.versions.order_by(F("served_at").desc(nulls_last=True), "-number").first()
    if version is None:
        raise NotFound(f"{competition.title} has no pack.")
    return version


def hosts_of(*, competition: Competition) -> QuerySet[Host]:
    """The hosts, owners first."""
    order = Case(*(When(role=role, then=n) for n, role in enumerate(Host.Role.values)))
    return (
        Host.objects.filter(competition=competition)
        .select_related("user")
        .order_by(order, "user__username")
    )


def audit_of(*, competition: Competition) -> QuerySet[AuditEntry]:
    """Who changed what of a competition, newest first."""
    return (
        AuditEntry.objects.filter(
            Q(
                target_type=Competition._meta.label_lower,  # noqa: SLF001  (a documented interface)
                target_id=str(competition.pk),
            )
            | Q(competition_id=competition.pk)
        )
        .select_related("actor")
        .order_by("-id")
    )


def current_version(competition: Competition) -> PackVersion:
    """The version that serves now. Raises NotFound for a competition that has none."""
    if competition.current_version is None:
        raise NotFound(f"{competition.title} is not published.")
    return competition.current_version


def spec_of(competition: Competition) -> PackSpec:
    """The current version's specification. Raises NotFound for a competition that has none."""
    return current_version(competition).spec


def optional_pages(version: PackVersion) -> list[str]:
    """The names of a version's pages beside those that every competition has, in order."""
    return sorted(set(version.pages) - set(REQUIRED_PAGES))


def pages_of(version: PackVersion) -> list[str]:
    """The names of all pages of a version, in the order of their tabs."""
    return [*REQUIRED_PAGES, *optional_pages(version)]


def page_get(*, version: PackVersion, name: str) -> str:
    """The Markdown of the page called `name`. Raises NotFound."""
    if name not in version.pages:
        raise NotFound("The competition has no such page.")
    text: str = version.pages[name]
    return text


def public_files(*, version: PackVersion) -> QuerySet[PackFile]:
    """The data files that anybody may download. Hidden inputs and labels are never among them."""
    return version.files.filter(role=PackFile.Role.PUBLIC)


def public_file(*, version: PackVersion, path: str) -> PackFile:
    """The public data file at `path`. Raises NotFound."""
    file = public_files(version=version).filter(path=path).first()
    if file is None:
        raise NotFound("The competition publishes no such file.")
    return file


def test_set_of(version: PackVersion) -> str:
    """A digest of what scores are made by: labels and the metric that ranks.

    Submissions that were scored by the same can be compared.
    """
    roles = [PackFile.Role.LABELS, PackFile.Role.METRIC_CODE]
    files = version.files.filter(role__in=roles).order_by("role").values_list("role", "digest")
    metric = version.spec.ranking_metric.as_metric().model_dump(mode="json")
    made_by = json.dumps([metric, *map(list, files)], sort_keys=True)
    return hashlib.sha256(made_by.encode()).hexdigest()


def rules_digest(version: PackVersion) -> str:
    """The SHA-256 of the rules page, as hex: what an acceptance speaks of."""
    return hashlib.sha256(version.pages["rules"].encode()).hexdigest()


def rules_accepted(*, user: Viewer, competition: Competition) -> bool:
    """Whether `user` has accepted the rules as they stand now."""
    if user is None or not user.is_authenticated or competition.current_version is None:
        return False
    return RulesAcceptance.objects.filter(
        user=user,
        competition=competition,
        rules_digest=rules_digest(competition.current_version),
    ).exists()
