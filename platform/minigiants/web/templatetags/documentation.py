"""The navigation of the documentation."""

from collections.abc import Sequence

from django import template

from minigiants.web.documentation import Section, navigation

register = template.Library()


@register.simple_tag
def documentation_sections() -> Sequence[Section]:
    """All pages of the documentation, by section."""
    return navigation()
