"""What operators ask of the installation."""

from ninja import Router

from minigiants.accounts.models import Scope
from minigiants.api.authentication import ApiRequest, person_of, required
from minigiants.api.schemas.installation import InstallationOut
from minigiants.submissions.health import installation_state

router = Router(tags=["installation"])


@router.get(
    "/installation",
    response=InstallationOut,
    auth=required(Scope.ADMIN),
    operation_id="installation_read",
)
def read(request: ApiRequest) -> InstallationOut:
    """How database, broker, queues and workers are. For staff."""
    return InstallationOut.model_validate(installation_state(user=person_of(request)))
