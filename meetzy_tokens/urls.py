from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from accounts.api.v1 import api
from meetzy_tokens.health import health

handler500 = "meetzy_tokens.outage.server_error"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="tokens")),
    path("account/", include("accounts.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", api.urls),
    path("healthz", health, name="health"),
]
