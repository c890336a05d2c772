"""django-rest-knox as its documentation has it: SHA-512 of the token, an expiry, several each."""

from benchmarks.peers.common import *  # noqa: F403
from benchmarks.peers.common import APPS

ROOT_URLCONF = "benchmarks.peers.knox.urls"
INSTALLED_APPS = [*APPS, "rest_framework", "knox"]
