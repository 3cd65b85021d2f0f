"""What the caller was told."""

from ninja import Router

from minigiants.accounts.models import Scope
from minigiants.api.authentication import ApiRequest, person_of, required, session_only
from minigiants.api.idempotency import idempotent
from minigiants.api.pagination import DEFAULT_LIMIT, CursorParam, LimitParam, newest_first
from minigiants.api.schemas.community import NoticeList, NoticeOut, ReadOut
from minigiants.notifications.notices import notice_list, notices_read_all

router = Router(tags=["account"])


@router.get(
    "/me/notices",
    response=NoticeList,
    auth=required(Scope.READ),
    operation_id="notice_list",
)
def index(
    request: ApiRequest, cursor: CursorParam = None, limit: LimitParam = DEFAULT_LIMIT
) -> NoticeList:
    """Your notices, the newest first. They speak of all competitions: a bound token sees none."""
    page, next_cursor = newest_first(notice_list(person_of(request)), cursor=cursor, limit=limit)
    return NoticeList(
        items=[NoticeOut.model_validate(row) for row in page], next_cursor=next_cursor
    )


@router.post("/me/notices/read", response=ReadOut, auth=session_only(), operation_id="notices_read")
@idempotent(status=200)
def read(request: ApiRequest) -> ReadOut:
    """Mark all of your notices as read."""
    return ReadOut(read=notices_read_all(user=person_of(request)))
