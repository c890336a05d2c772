"""Lists that go on after a page."""

import html
import re
from collections.abc import Iterator
from typing import Any

from django.test import Client


def following(page: Any) -> str:
    """The query of the next page's address; "" on the last."""
    match = re.search(r'href="(\?[^"]*)" rel="next"', page.text)
    return html.unescape(match[1]) if match else ""


def pages(client: Client, path: str, query: str) -> Iterator[Any]:
    """The page at the address, and all that follow it."""
    while query:
        page = client.get(path + query)
        yield page
        query = following(page)
