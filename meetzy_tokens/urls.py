from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from accounts.admin.usage import usage
from accounts.api.reference import openapi, reference
from accounts.api.v1 import api
from accounts.views.sessions import admin_sign_in
from meetzy_tokens.health import health
from meetzy_tokens.metrics import metrics

handler400 = "meetzy_tokens.error_pages.bad_request"
handler403 = "meetzy_tokens.error_pages.forbidden"
handler404 = "meetzy_tokens.error_pages.not_found"
handler500 = "meetzy_tokens.outage.server_error"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="tokens")),
    path("account/", include("accounts.urls")),
    path("admin/login/", admin_sign_in),
    path("admin/password_change/", RedirectView.as_view(pattern_name="security")),
    path("admin/usage/", admin.site.admin_view(usage), name="admin_usage"),
    path("admin/", admin.site.urls),
    path("api/docs", reference, name="api_docs"),
    path("api/v1/openapi.json", openapi, name="openapi"),
    path("api/v1/", api.urls),
    path("healthz", health, name="health"),
    path("metrics", metrics, name="metrics"),
]
