# mypy: disable-error-code="import-untyped, import-not-found, misc, no-any-return"
from django.urls import path
from rest_framework.authentication import TokenAuthentication
from rest_framework.permissions import IsAuthenticated

from benchmarks.peers.rest import Me, throttles

view = Me.as_view(
    authentication_classes=[TokenAuthentication],
    permission_classes=[IsAuthenticated],
    throttle_classes=throttles(),
)
urlpatterns = [path("api/v1/me", view)]
