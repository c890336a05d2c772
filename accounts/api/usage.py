"""`GET /api/v1/token/usage`: what a token was used for, in numbers."""

from zoneinfo import ZoneInfo

from django.utils import timezone
from ninja import Router

from accounts.api.problems import Refused
from accounts.api.queries import parameters, read_query
from accounts.api.requests import ApiRequest
from accounts.api.schemas import MOST_DAYS_OF_HOURS, Answer, Bucket, Usage, UsageQuery
from accounts.usage.reading import Point, series

router = Router()

UTC = ZoneInfo("UTC")


@router.get(
    "/token/usage",
    response=Answer[Usage],
    operation_id="usage",
    summary="Usage of this token",
    openapi_extra={"parameters": parameters(UsageQuery)},
)
def usage(request: ApiRequest) -> Answer[Usage]:
    """How often the token that you send was used in each hour or day, how that ended and how long
    it took. Hours and days are those of UTC, the running one is the last, and those without a call
    are there too. A call counts about a second after it was answered."""
    query = read_query(request, UsageQuery)
    hours = query.granularity == "hour"
    days = query.days or (2 if hours else 30)
    if hours and days > MOST_DAYS_OF_HOURS:
        message = f"Hours reach back {MOST_DAYS_OF_HOURS} days at most. Ask for days instead."
        raise Refused("invalid_parameters", fields={"days": [message]})
    points = series(
        [request.token.token_id],
        view=query.granularity,
        count=days * 24 if hours else days,
        now=timezone.now(),
        zone=UTC,
    )
    data = Usage(granularity=query.granularity, days=days, buckets=list(map(bucket, points)))
    return Answer[Usage](data=data)


def bucket(point: Point) -> Bucket:
    fields = point._asdict()
    p50, p95 = (fields.pop(name) for name in ("p50", "p95"))
    return Bucket(**fields, calls=point.calls, p50_ms=rounded(p50), p95_ms=rounded(p95))


def rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 1)
