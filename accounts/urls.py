from django.contrib.auth import views as auth
from django.urls import path

from accounts.views import tokens

urlpatterns = [
    path("sign-in/", auth.LoginView.as_view(template_name="accounts/sign_in.html"), name="sign_in"),
    path("sign-out/", auth.LogoutView.as_view(), name="sign_out"),
    path("tokens/", tokens.index, name="tokens"),
    path("tokens/new/", tokens.new, name="token_new"),
    path("tokens/<slug:identifier>/", tokens.detail, name="token_detail"),
    path("tokens/<slug:identifier>/rename/", tokens.rename, name="token_rename"),
    path("tokens/<slug:identifier>/revoke/", tokens.revoke, name="token_revoke"),
]
