"""rest_framework.authtoken as its documentation has it. Tokens are stored in the clear."""

from benchmarks.peers.common import *  # noqa: F403
from benchmarks.peers.common import APPS

ROOT_URLCONF = "benchmarks.peers.drf_token.urls"
INSTALLED_APPS = [*APPS, "rest_framework", "rest_framework.authtoken"]
