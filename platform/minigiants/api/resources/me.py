"""The caller."""

from ninja import Router

from minigiants.api.authentication import ApiRequest, person_of, required
from minigiants.api.schemas.accounts import MeOut, TokenOut

router = Router(tags=["account"])


@router.get("/me", response=MeOut, auth=required(None), operation_id="me_read")
def me_read(request: ApiRequest) -> MeOut:
    """Who is asking, and with which token."""
    person = person_of(request)
    token = request.auth.token
    return MeOut(
        username=person.username,
        email=person.email,
        token=TokenOut.model_validate(token) if token is not None else None,
    )
