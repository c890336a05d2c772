"""What calls answer: one class a noun, each with an example for the reference."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from accounts.expiry import Expiry
from accounts.models.api_token import DEFAULT_OVERLAP, LONGEST_OVERLAP, Environment

DIGITS = re.compile("[0-9]{1,9}")
Instant = Annotated[datetime, Field(examples=["2026-03-01T09:30:00Z"])]


class Answer[T](BaseModel):
    """The envelope of every success."""

    success: Literal[True] = True
    data: T

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        return f"{params[0].__name__}Answer"


class Account(BaseModel):
    id: int = Field(examples=[42])
    email: str = Field(examples=["ada@example.com"])
    name: str = Field(description="May be empty.", examples=["Ada Lovelace"])


class Limits(BaseModel):
    minute: int = Field(description="Calls in any 60 seconds.", examples=[100])
    burst: int = Field(description="Calls in any one second.", examples=[10])


class Token(BaseModel):
    identifier: str = Field(
        description="The first 24 characters of the token. They hold no secret.",
        examples=["mtz_4fKx7GmQ2vRt9LpWc3Zs"],
    )
    name: str = Field(examples=["Production API"])
    environment: Environment = Field(examples=["production"])
    scopes: list[str] = Field(
        description='["*"] is full access: all that the account may do, now and later. Every '
        "token has it today.",
        examples=[["*"]],
    )
    created_at: Instant
    expires_at: Annotated[
        datetime,
        Field(description="From then on the token is refused.", examples=["2026-05-30T09:30:00Z"]),
    ]
    last_used_at: datetime | None = Field(
        description="The last call before this one; null before the first. A call may take about "
        "a second to show here.",
        examples=["2026-03-09T17:04:11.482Z"],
    )
    limits: Limits


class Rotation(BaseModel):
    model_config = ConfigDict(extra="forbid")

    expires: Expiry = Field(
        Expiry.NINETY_DAYS, description="How long the successor lives, counted from now."
    )
    grace_seconds: int = Field(
        int(DEFAULT_OVERLAP.total_seconds()),
        ge=0,
        le=int(LONGEST_OVERLAP.total_seconds()),
        description="How long the token that you send goes on working, at most until its expiry.",
    )

    @field_validator("grace_seconds", mode="before")
    @classmethod
    def is_a_number(cls, value: Any) -> Any:
        """3600.0 is an integer to JSON Schema; "3600" and true are not."""
        if isinstance(value, bool | str):
            raise PydanticCustomError("int_type", "Input should be a valid integer")
        return value


class Successor(Token):
    token: str = Field(
        description="The successor, whole. Store it now: only a repetition of the same call with "
        "its Idempotency-Key shows it again.",
        examples=["mtz_9QwTb2LxVn4Rk8PzYc6D" + "•" * 42],
    )
    replaces: str = Field(
        description="Identifier of the token that you sent.", examples=["mtz_4fKx7GmQ2vRt9LpWc3Zs"]
    )
    old_expires_at: datetime = Field(
        description="When the token that you sent ends.", examples=["2026-03-02T09:30:00Z"]
    )


class Budget(BaseModel):
    limit: int = Field(description="Calls that pass in any interval of that length.")
    remaining: int = Field(description="Calls that would pass right now.")
    window_seconds: int = Field(description="The length of the interval.")
    reset_seconds: int = Field(
        description="Seconds until one more would pass than now; 0 when none was made."
    )


class Budgets(BaseModel):
    minute: Budget = Field(
        description="Calls in any 60 seconds.",
        examples=[{"limit": 100, "remaining": 57, "window_seconds": 60, "reset_seconds": 23}],
    )
    burst: Budget = Field(
        description="Calls in any one second.",
        examples=[{"limit": 10, "remaining": 9, "window_seconds": 1, "reset_seconds": 1}],
    )


# The counters are kept for thirteen months.
MOST_DAYS = 390
MOST_DAYS_OF_HOURS = 31


class UsageQuery(BaseModel):
    granularity: Literal["hour", "day"] = Field(
        "day", description="The length of a bucket; days unless told otherwise."
    )
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] | SkipJsonSchema[None] = Field(
        None,
        description="How far back, the running day included: 30 unless told otherwise, with hours "
        f"2 and at most {MOST_DAYS_OF_HOURS}.",
    )

    @field_validator("days", mode="before")
    @classmethod
    def has_digits_alone(cls, value: Any) -> Any:
        """Not " 7", "+7", "7.0" or "1_0", which pydantic would read."""
        if not DIGITS.fullmatch(value):
            raise PydanticCustomError("int_parsing", "Write a whole number, such as 30.")
        return value


class Bucket(BaseModel):
    start: datetime = Field(description="When it begins, in UTC.")
    calls: int = Field(description="All of them.")
    ok: int = Field(description="Those that were answered below 400.")
    client_error: int = Field(description="Those answered 4xx, apart from the next two.")
    refused: int = Field(description="Those answered 401 or 403.")
    limited: int = Field(description="Those answered 429.")
    server_error: int = Field(description="Those answered 5xx.")
    p50_ms: float | None = Field(
        description="Half of them were answered within so many milliseconds; null without calls."
    )
    p95_ms: float | None = Field(description="The same for 95 of 100.")


class Usage(BaseModel):
    granularity: Literal["hour", "day"] = Field(examples=["day"])
    days: int = Field(examples=[30])
    buckets: list[Bucket] = Field(
        description="The oldest first.",
        examples=[
            [
                {
                    "start": "2026-03-09T00:00:00Z",
                    "calls": 1289,
                    "ok": 1240,
                    "client_error": 12,
                    "refused": 0,
                    "limited": 37,
                    "server_error": 0,
                    "p50_ms": 2.4,
                    "p95_ms": 8.1,
                }
            ]
        ],
    )


class Error(BaseModel):
    code: str = Field(description="Stable, made for programs.", examples=["token_expired"])
    message: str = Field(description="What to do next, made for people.")
    request_id: str = Field(
        description="Names this call in our logs; also in X-Request-ID.",
        examples=["9f86d081884c7d659a2feaa0"],
    )
    fields: dict[str, list[str]] | None = Field(
        None, description="With invalid_parameters only: what is wrong with each field."
    )


class Failure(BaseModel):
    """The envelope of every failure, and a problem detail (RFC 9457) at the same time."""

    success: Literal[False] = False
    error: Error
    type: str = Field(description="Address of the explanation in the developer guide.")
    title: str
    status: int = Field(examples=[401])
    detail: str = Field(description="The same sentence as error.message.")
