"""Bodies and the idempotency key, read so that nothing malformed becomes a fault of ours."""

import re

from pydantic import BaseModel, ValidationError

from accounts.api.problems import Refused
from accounts.api.requests import ApiRequest

# What a program may name a call by: visible ASCII, as header values have it.
IDEMPOTENCY_KEY = re.compile(r"[!-~]{1,255}")


def read_body[Body: BaseModel](request: ApiRequest, body: type[Body]) -> Body:
    """The JSON body; without one, its defaults. Raises Refused."""
    raw = request.body
    if not raw.strip():
        return body()
    if request.content_type != "application/json":
        raise Refused("unsupported_media_type")
    try:
        return body.model_validate_json(raw)
    except ValidationError as invalid:
        raise Refused("invalid_parameters", fields=fields_of(invalid, body)) from None


def fields_of(invalid: ValidationError, body: type[BaseModel]) -> dict[str, list[str]]:
    """What is wrong with which field. What the caller invented is not repeated."""
    fields: dict[str, list[str]] = {}
    for error in invalid.errors(include_input=False, include_context=False, include_url=False):
        if error["type"] == "none_required":  # that it may be left out is no advice
            continue
        name = str(error["loc"][0]) if error["loc"] else ""
        known = name in body.model_fields
        message = error["msg"] if known or not name else "There is a field that this call lacks."
        fields.setdefault(name if known else "body", []).append(message)
    return fields


def idempotency_key(request: ApiRequest) -> str:
    """The ``Idempotency-Key`` (draft-ietf-httpapi-idempotency-key-header); "" without one."""
    key: str | None = request.headers.get("Idempotency-Key")
    if key is None:
        return ""
    if not IDEMPOTENCY_KEY.fullmatch(key):
        message = "Use 1 to 255 visible ASCII characters, a fresh random one for each rotation."
        raise Refused("invalid_parameters", fields={"Idempotency-Key": [message]})
    return key
