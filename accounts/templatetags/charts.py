"""Charts as SVG, drawn by the server: no script, no style attribute."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.charts import CallChart, Sparkline
from accounts.charts.calls import Point
from accounts.charts.moments import View
from accounts.charts.numbers import duration, full
from accounts.charts.sparkline import Day
from accounts.usage.calls import outcome_of

if TYPE_CHECKING:
    from accounts.models import ApiToken

register = template.Library()
register.filter("full", full)


@register.filter
def latency(milliseconds: float | None) -> str:
    """`48 ms`; a dash when there is none."""
    return "—" if milliseconds is None else duration(milliseconds)


@register.filter
def outcome(status: int) -> str:
    return outcome_of(status).value


@register.simple_tag
def token_link(tokens: "Mapping[int, ApiToken]", token_id: int) -> SafeString | str:
    token = tokens.get(token_id)
    if token is None:
        return ""
    address = reverse("token_detail", args=(token.identifier,))
    return format_html('<a href="{}"><bdi class="break">{}</bdi></a>', address, token.name)


@register.inclusion_tag("charts/_sparkline.html")
def sparkline(token_id: int, daily: Mapping[int, Sequence[Day]] | None) -> dict[str, Any]:
    """Of the token's calls a day, among those of all tokens on the page; nothing without them."""
    counts = daily.get(token_id) if daily else None
    return {"line": Sparkline.of(counts) if counts else None, "id": token_id}


@register.inclusion_tag("charts/_calls.html")
def call_chart(points: Sequence[Point], view: View) -> dict[str, Any]:
    return {"chart": CallChart.of(points, view)}
