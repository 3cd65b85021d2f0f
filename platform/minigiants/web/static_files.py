"""Files beside the pages, collected under names that say what is in them, and compressed once."""

from typing import Final

from whitenoise.storage import CompressedManifestStaticFilesStorage

_IMPORTS: Final = (
    r"""(?P<matched>\bfrom\s+["'](?P<url>\.[^"']+)["'])""",
    """from "%(url)s\"""",
)
"""How our own scripts name each other."""


class HashedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """A file's name holds its hash, so browsers may keep it for good; our scripts' imports too."""

    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("web/js/*.js", (_IMPORTS,)))
