"""Editing a published competition in the browser or through the API: each edit is a new version."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from django.db import transaction

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition, PackVersion
from minigiants.competitions.pack_archive import export_write, unpacked
from minigiants.competitions.pack_data import BUILT
from minigiants.competitions.pack_editing import Place, with_values
from minigiants.competitions.pack_fields import SLUG
from minigiants.competitions.pack_folder import REQUIRED_PAGES, SPECIFICATION, read_pack
from minigiants.competitions.pack_yaml import located
from minigiants.competitions.problems import PackChanged, PackRefused, PageExists, PageNeeded
from minigiants.competitions.selectors import latest_version
from minigiants.competitions.services import pack_freeze, require_publish, version_serve
from minigiants.core.problems import InvalidInput, NotFound
from minigiants.submissions.hosting import Published, published

PAGE_NAME_CHARACTERS: Final = 32


def page_add(
    *, competition: Competition, number: int, name: str, text: str, actor: User
) -> Published:
    """Publish version `number` again with a page more, called `name`.

    Raises NotPermitted, InvalidInput, PageExists, PackRefused, and PackChanged where another
    version serves.
    """
    if len(name) > PAGE_NAME_CHARACTERS or not re.fullmatch(SLUG, name):
        raise InvalidInput(
            f"A page's name has 1 to {PAGE_NAME_CHARACTERS} lower-case letters, digits and single "
            "hyphens.",
            mend="Choose another name.",
        )

    def change(folder: Path) -> None:
        # Whatever the case: an archive in which two names differ by case alone is refused.
        taken = {page.stem.casefold() for page in folder.glob("pages/*.md")}
        if name in taken:
            raise PageExists(f"There is a page {name!r}.")
        _write(folder, name, text)

    return _edited(competition, number, actor, change, page_added=name)


def page_remove(*, competition: Competition, number: int, name: str, actor: User) -> Published:
    """Publish version `number` again without its page called `name`.

    Raises NotPermitted, NotFound, PageNeeded, PackRefused, and PackChanged where another version
    serves.
    """
    if name in REQUIRED_PAGES:
        raise PageNeeded(f"The page {name!r} can't be removed.")
    if name not in latest_version(competition).pages:
        raise NotFound(f"The pack has no page {name!r}.")
    return _edited(
        competition,
        number,
        actor,
        lambda folder: _page(folder, name).unlink(),
        page_removed=name,
    )


def page_edit(
    *, competition: Competition, number: int, name: str, text: str, actor: User
) -> Published:
    """Publish version `number` again with another text of its page called `name`.

    Raises NotPermitted, NotFound, PackRefused, and PackChanged where another version serves.
    """

    def change(folder: Path) -> None:
        if not _page(folder, name).is_file():
            raise NotFound(f"The pack has no page {name!r}.")
        _write(folder, name, text)

    if name not in latest_version(competition).pages:
        raise NotFound(f"The pack has no page {name!r}.")
    return _edited(competition, number, actor, change, page_edited=name)


def settings_edit(
    *, competition: Competition, number: int, values: Mapping[Place, Any], actor: User
) -> Published:
    """Publish version `number` again with other values in its competition.yaml.

    Raises NotPermitted, PackRefused, and PackChanged where another version serves.
    """

    def change(folder: Path) -> None:
        file = folder / SPECIFICATION
        text = file.read_text(encoding="utf-8")
        file.write_text(with_values(text, values), encoding="utf-8")

    settings = [".".join(map(str, place)) for place in values]
    return _edited(competition, number, actor, change, settings_edited=", ".join(settings))


def _page(folder: Path, name: str) -> Path:
    return folder / "pages" / f"{name}.md"


def _write(folder: Path, name: str, text: str) -> None:
    _page(folder, name).write_text(text.replace("\r\n", "\n"), encoding="utf-8")


def _edited(
    competition: Competition,
    number: int,
    actor: User,
    change: Callable[[Path], None],
    **told: str,
) -> Published:
    require_publish(actor=actor, slug=competition.slug)
    before = _serving(competition, number)
    with TemporaryDirectory(prefix="minigiants-edit-") as scratch:
        archive = Path(scratch) / "pack.zip"
        export_write(version=before, target=archive)
        with archive.open("rb") as stream, unpacked(stream, slug=competition.slug) as folder:
            change(folder)
            pack = read_pack(folder)
            try:
                # In one go: nothing may come between what was read and what replaces it. No
                # baseline's score follows from what is edited here, so none is tried.
                with transaction.atomic():
                    version = pack_freeze(
                        pack=pack, built=folder / BUILT, actor=actor, replaces=before
                    )
                    version_serve(version=version, actor=actor, told=told)
            except PackRefused as refused:
                raise PackRefused(located(refused.faults, pack.text, SPECIFICATION)) from refused
            return published(version, folder)


def _serving(competition: Competition, number: int) -> PackVersion:
    version = competition.current_version
    if version is None:
        raise PackChanged("The competition is not published; publish its pack first.")
    if version.number != number:
        raise PackChanged(f"You have edited version {number}; version {version.number} serves.")
    return version
