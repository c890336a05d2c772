"""The operators' side: Django's own admin, under our name."""

from django.contrib import admin

from accounts.admin.api_tokens import ApiTokenAdmin
from accounts.admin.token_events import TokenEventAdmin
from accounts.admin.token_policy import TokenPolicyAdmin
from accounts.admin.users import UserAdmin

__all__ = ["ApiTokenAdmin", "TokenEventAdmin", "TokenPolicyAdmin", "UserAdmin"]

admin.site.site_title = "Meetzy Tokens"
admin.site.site_header = "Meetzy Tokens"
admin.site.index_title = "Operations"
admin.site.enable_nav_sidebar = False  # a few lists need no menu; tokens need the width
