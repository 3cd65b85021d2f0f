"""What the fields of `competition.yaml` have in common."""

from pathlib import PurePosixPath
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
RELATIVE_PATH = r"^[A-Za-z0-9_][A-Za-z0-9_./-]*$"
WEB_ADDRESS = r"^https?://\S+$"
EMAIL_DOMAIN = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$"
PATTERNS: Final = {
    SLUG: "lower-case letters, digits and single hyphens",
    RELATIVE_PATH: "a relative path of letters, digits and any of . _ - /",
    WEB_ADDRESS: "an address that starts with https:// or http://",
    EMAIL_DOMAIN: "a domain in lower case, such as example.org",
}
"""What the patterns of this schema ask for, in words."""


def _stays_inside(path: str) -> str:
    if str(PurePosixPath(path)) != path or ".." in PurePosixPath(path).parts:
        raise ValueError("must be a plain relative path, without '..', '//' or a closing '/'")
    return path


Slug = Annotated[str, Field(pattern=SLUG, max_length=32)]
Title = Annotated[str, Field(min_length=1, max_length=80)]
RelativePath = Annotated[
    str,
    Field(pattern=RELATIVE_PATH, max_length=255),
    AfterValidator(_stays_inside),
]


class Section(BaseModel):
    """Base of the pack's parts: frozen, and closed to fields that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")
