# mypy: disable-error-code="import-untyped, import-not-found, misc, no-any-return"
"""What the three contenders on Django REST framework have in common."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle, UserRateThrottle
from rest_framework.views import APIView

from benchmarks.peers.common import LIMITS


class Me(APIView):
    def get(self, request: Request) -> Response:
        return Response({"success": True, "data": account(request.user)})


def account(user: Any) -> dict[str, Any]:
    return {"id": user.pk, "email": user.email, "name": user.first_name}


class MinuteThrottle(UserRateThrottle):
    scope = "minute"


class BurstThrottle(UserRateThrottle):
    scope = "burst"


def throttles() -> list[type[BaseThrottle]]:
    """Both windows that ours has, where this run limits at all."""
    return [] if LIMITS == "none" else [MinuteThrottle, BurstThrottle]
