from django.contrib.auth import views as auth
from django.urls import path

from accounts.views import (
    activity,
    calendars,
    guide,
    mails,
    profile,
    revocation,
    rotation,
    security,
    sessions,
    tokens,
    usage,
)

urlpatterns = [
    path("sign-in/", sessions.SignIn.as_view(), name="sign_in"),
    path("sign-out/", sessions.SignOut.as_view(), name="sign_out"),
    path("password/reset/", security.PasswordReset.as_view(), name="password_reset"),
    path(
        "password/reset/sent/",
        auth.PasswordResetDoneView.as_view(template_name="accounts/password_reset_done.html"),
        name="password_reset_done",
    ),
    path(
        "password/reset/done/",
        auth.PasswordResetCompleteView.as_view(
            template_name="accounts/password_reset_complete.html"
        ),
        name="password_reset_complete",
    ),
    path(
        "password/reset/<uidb64>/<token>/",
        security.PasswordResetConfirm.as_view(),
        name="password_reset_confirm",
    ),
    path("", profile.profile, name="profile"),
    path("security/", security.Security.as_view(), name="security"),
    path("tokens/", tokens.index, name="tokens"),
    path("tokens/new/", tokens.new, name="token_new"),
    path("tokens/search/", tokens.search, name="token_search"),
    path("tokens/revoke/", revocation.revoke_selected, name="tokens_revoke"),
    path("tokens/<slug:identifier>/", tokens.detail, name="token_detail"),
    path("tokens/<slug:identifier>/rename/", tokens.rename, name="token_rename"),
    path("tokens/<slug:identifier>/revoke/", revocation.revoke, name="token_revoke"),
    path("tokens/<slug:identifier>/rotate/", rotation.rotate, name="token_rotate"),
    path("tokens/<slug:identifier>/expiry.ics", calendars.token_calendar, name="token_calendar"),
    path("tokens/<slug:identifier>/calls/tail/", usage.token_tail, name="token_tail"),
    path("tokens/<slug:identifier>/calls.csv", usage.export_token_calls, name="token_calls_export"),
    path("tokens/<slug:identifier>/first-call/", usage.first_call, name="token_first_call"),
    path("activity/", activity.index, name="activity"),
    path("activity/calls/", usage.account_calls, name="activity_calls"),
    path("activity/calls/tail/", usage.account_tail, name="activity_tail"),
    path("activity/calls.csv", usage.export_account_calls, name="activity_calls_export"),
    path("activity.csv", activity.export, name="activity_export"),
    path("calendar/renew/", calendars.renew, name="calendar_renew"),
    path("calendar/close/", calendars.close, name="calendar_close"),
    path("calendar/<str:secret>.ics", calendars.feed, name="calendar_feed"),
    path("unsubscribe/<str:ticket>/", mails.unsubscribe, name="unsubscribe"),
    path("guide/", guide.page, name="guide"),
]
