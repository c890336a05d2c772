"""Lines of log: for people (``LOG_FORMAT=text``), or a JSON object each (``json``) and then one for
each request as well. A token that got into a line is reduced to its identifier."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from accounts.tokens import redact

encode = json.JSONEncoder(default=str).encode
requests = logging.getLogger("meetzy.requests")


def log_request(**fields: Any) -> None:
    """Never a query, a body, a header, an address or an agent."""
    if requests.isEnabledFor(logging.INFO):
        requests.info("request", fields)


def name_by_route(record: logging.LogRecord) -> None:
    """Django names a page that it refused by its path, and the paths of some are secrets."""
    request = getattr(record, "request", None)
    match = getattr(request, "resolver_match", None)
    if request is None or match is None or not isinstance(record.args, tuple):
        return
    path = request.path.encode("unicode_escape").decode("ascii")  # as Django logs it
    record.args = tuple(f"/{match.route}" if part == path else part for part in record.args)


class TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        name_by_route(record)
        return redact(super().format(record))


class JsonFormatter(logging.Formatter):
    """Non-ASCII is escaped, so a line is a line whatever a caller sent."""

    def format(self, record: logging.LogRecord) -> str:
        name_by_route(record)
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
        }
        if record.name == requests.name and isinstance(record.args, dict):
            line |= record.args
        else:
            line["message"] = record.getMessage()
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return redact(encode(line))
