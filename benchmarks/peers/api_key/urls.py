# mypy: disable-error-code="import-untyped, import-not-found, misc, no-any-return"
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView
from rest_framework_api_key.permissions import HasAPIKey, KeyParser

from benchmarks.peers.common import LIMITS

KEYS = KeyParser()


class KeyThrottle(SimpleRateThrottle):
    """The library has none; counting by the key's public part is what comes nearest to ours."""

    def get_cache_key(self, request: Request, view: APIView) -> str:
        ident = (KEYS.get(request) or "").partition(".")[0]
        return self.cache_format % {"scope": self.scope, "ident": ident}


class MinuteThrottle(KeyThrottle):
    scope = "minute"


class BurstThrottle(KeyThrottle):
    scope = "burst"


class Key(APIView):
    authentication_classes = ()
    permission_classes = (HasAPIKey,)
    throttle_classes = () if LIMITS == "none" else (MinuteThrottle, BurstThrottle)

    def get(self, request: Request) -> Response:
        """It knows no account: what an account's data would be is said as a constant."""
        return Response({"success": True, "data": {"id": 42, "email": "", "name": ""}})


urlpatterns = [path("api/v1/me", Key.as_view())]
