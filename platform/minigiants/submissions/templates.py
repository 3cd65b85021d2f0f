"""A competition from a template: published at once, for those whom its founder invites.

The templates are those of the command line (`minigiants host init`), one for each type of task.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from client.errors import MinigiantsError
from client.pack_building import built, pack_begin, template_names
from minigiants.accounts.models import User
from minigiants.competitions.models import Competition
from minigiants.competitions.pack_access import Audience
from minigiants.competitions.pack_editing import Place, with_values
from minigiants.competitions.pack_folder import SPECIFICATION, read_pack
from minigiants.competitions.services import pack_serve, require_publish
from minigiants.core.problems import Conflict, InvalidInput
from minigiants.submissions.hosting import Published, published

TEMPLATES: Final = tuple(template_names())
"""The types of task that there is a template for."""


def template_publish(*, slug: str, task: str, title: str, actor: User) -> Published:
    """Found the competition `slug` with a template's pages, data and baseline.

    It is seen by whom `actor`, its owner, invites. Raises NotPermitted, InvalidInput, PackRefused,
    and Conflict where the address is taken.
    """
    require_publish(actor=actor, slug=slug)
    if Competition.objects.filter(slug=slug).exists():
        raise Conflict(f"The address {slug!r} is taken.", mend="Choose another one.")
    with TemporaryDirectory(prefix="minigiants-template-") as scratch:
        try:
            folder = pack_begin(slug, task, Path(scratch).resolve())
        except MinigiantsError as error:
            raise InvalidInput(str(error), mend=error.mend) from error
        file = folder / SPECIFICATION
        values: dict[Place, str] = {
            ("title",): title,
            ("visibility", "audience"): Audience.INVITATION.value,
        }
        file.write_text(with_values(file.read_text(encoding="utf-8"), values), encoding="utf-8")
        pack = read_pack(folder)
        with built(folder) as data:
            version = pack_serve(pack=pack, built=data, actor=actor)
        return published(version, folder)
