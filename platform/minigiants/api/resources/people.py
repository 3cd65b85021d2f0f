"""People's pages."""

from ninja import Router

from minigiants.accounts.profiles import profile_get
from minigiants.api.authentication import ApiRequest, public
from minigiants.api.schemas.people import PersonOut, RankOut
from minigiants.api.token_reach import Reach
from minigiants.leaderboards.public_ranks import public_ranks
from minigiants.teams.models import Team

router = Router(tags=["people"])


@router.get(
    "/people/{username}",
    response=PersonOut,
    auth=public(reach=Reach.PERSON),
    operation_id="person_read",
)
def read(request: ApiRequest, username: str) -> PersonOut:
    """What a person says of themselves, and where their teams stand in public competitions."""
    person = profile_get(username=username, viewer=request.auth.person)
    ranks = public_ranks(Team.objects.filter(memberships__user=person))
    return PersonOut(
        username=person.username,
        about=person.about,
        homepage=person.homepage,
        since=person.date_joined.date(),
        ranks=[
            RankOut(
                competition=row.competition.slug,
                phase=row.phase.slug,
                division=row.division.slug,
                team=row.team.name,
                rank=row.rank,
                is_final=row.is_final,
            )
            for row in ranks
        ],
    )
