"""The product's WSGI application, with room for few calls: ``Site(application=…)``."""

# isort: off
from meetzy_tokens.wsgi import application  # (first: it sets Django up)

# isort: on
from accounts.usage import usage
from tests.support.load import SMALL_CAPACITY

__all__ = ["application"]

usage._capacity = SMALL_CAPACITY
usage.start_anew()
