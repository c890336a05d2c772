"""Django's own part: one view, no database, nobody asked for a token."""

from benchmarks.peers.common import *  # noqa: F403

ROOT_URLCONF = "benchmarks.peers.bare.urls"
DATABASES = {}
