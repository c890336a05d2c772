"""Query strings, read so that nothing malformed becomes a fault of ours."""

from typing import Any

from pydantic import BaseModel, ValidationError

from accounts.api.bodies import fields_of
from accounts.api.problems import Refused
from accounts.api.requests import ApiRequest


def parameters(query: type[BaseModel]) -> list[dict[str, Any]]:
    """As OpenAPI describes them. A default of None is none: the description tells what holds."""
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": field.pop("description"),
            "schema": {key: value for key, value in field.items() if value is not None},
        }
        for name, field in query.model_json_schema()["properties"].items()
    ]


def read_query[Query: BaseModel](request: ApiRequest, query: type[Query]) -> Query:
    """The parameters that `query` names; others are ignored. Raises Refused."""
    given = {name: request.GET.getlist(name) for name in query.model_fields if name in request.GET}
    twice = {name: ["Give it once."] for name, values in given.items() if len(values) > 1}
    if twice:
        raise Refused("invalid_parameters", fields=twice)
    try:
        return query.model_validate({name: value for name, (value,) in given.items()})
    except ValidationError as invalid:
        raise Refused("invalid_parameters", fields=fields_of(invalid, query)) from None
