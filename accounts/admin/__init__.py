"""The operators' side: Django's own admin, under our name."""

from django.contrib import admin

from accounts.admin.api_tokens import ApiTokenAdmin
from accounts.admin.users import UserAdmin

__all__ = ["ApiTokenAdmin", "UserAdmin"]

admin.site.site_title = "Meetzy Tokens"
admin.site.site_header = "Meetzy Tokens"
admin.site.index_title = "Operations"
admin.site.enable_nav_sidebar = False  # three lists need no menu; tokens need the width
