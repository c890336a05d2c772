"""The web server's entry: the only place where waiting for the database has an end."""

import os

from django.core.wsgi import get_wsgi_application

from meetzy_tokens.plain_text import PlainTextRequest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "meetzy_tokens.settings")
os.environ.setdefault("DATABASE_TIMEOUT", "2")

application = get_wsgi_application()
application.request_class = PlainTextRequest
