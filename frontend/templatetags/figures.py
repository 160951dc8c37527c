"""Numbers in templates."""

from django import template

from frontend import presenters

register = template.Library()
register.filter("grouped", presenters.grouped)
register.filter("percent", presenters.percent)
register.filter("clock", presenters.clock)
register.filter("tone_of", presenters.tone_of)


@register.filter
def word(words: dict[str, str], key: str) -> str:
    """The text for a code of the API."""
    return words[key]
