"""djangorestframework-api-key as its documentation has it. A key belongs to nobody."""

from benchmarks.peers.common import *  # noqa: F403
from benchmarks.peers.common import APPS

ROOT_URLCONF = "benchmarks.peers.api_key.urls"
INSTALLED_APPS = [*APPS, "rest_framework", "rest_framework_api_key"]
