"""What operators watch: counted in the process, read at ``/metrics`` (Prometheus text format).

With several processes behind one address, ``PROMETHEUS_MULTIPROC_DIR`` names a folder in which they
add up (Prometheus' client does that by itself); without it each process answers for itself.
"""

import os
from functools import lru_cache
from hmac import compare_digest
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

OWN = CollectorRegistry()
ProcessCollector(registry=OWN)

REQUESTS = Counter(
    "meetzy_requests",
    "Answers by kind (api, page, admin) and status.",
    ("kind", "status"),
    registry=OWN,
)
REQUEST_SECONDS = Histogram(
    "meetzy_request_seconds",
    "From the first look at a request until its answer, by kind.",
    ("kind",),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3),
    registry=OWN,
)
AUTHENTICATIONS = Counter(
    "meetzy_authentications",
    "API calls by how their authentication ended: ok, or the code of the refusal.",
    ("outcome",),
    registry=OWN,
)
LIMITER_DECISIONS = Counter(
    "meetzy_limiter_decisions",
    "Calls that asked for a place in their budgets: allowed or limited.",
    ("decision",),
    registry=OWN,
)
LIMITER_FALLBACKS = Counter(
    "meetzy_limiter_fallbacks",
    "Decisions that a process made from its own memory because Redis did not answer.",
    registry=OWN,
)
CALLS_WAITING = Gauge(
    "meetzy_usage_waiting",
    "Calls in memory that were not in the database yet when the last writing began.",
    registry=OWN,
    multiprocess_mode="livesum",
)
CALLS_DROPPED = Counter(
    "meetzy_usage_dropped", "Calls that will never be in the request log.", registry=OWN
)
FLUSH_SECONDS = Histogram(
    "meetzy_usage_flush_seconds",
    "How long a process takes to write the calls that it gathered.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    registry=OWN,
)
FLUSH_FAILURES = Counter(
    "meetzy_usage_flush_failures",
    "Writings that the database did not take; what they held waits for the next.",
    registry=OWN,
)
DOING_WITHOUT = Gauge(
    "meetzy_doing_without",
    "Processes that do without this server (redis, database) because it did not answer.",
    ("server",),
    registry=OWN,
    multiprocess_mode="livesum",
)

request_count = lru_cache(REQUESTS.labels)
request_seconds = lru_cache(REQUEST_SECONDS.labels)
authentications = lru_cache(AUTHENTICATIONS.labels)
doing_without = lru_cache(DOING_WITHOUT.labels)
ALLOWED, LIMITED = (LIMITER_DECISIONS.labels(word) for word in ("allowed", "limited"))


def count_request(kind: str, status: int, seconds: float) -> None:
    request_count(kind, status).inc()
    request_seconds(kind).observe(seconds)


@login_not_required
@require_safe
@sensitive_variables()
def metrics(request: HttpRequest) -> HttpResponse:
    """For staff, and for whoever sends METRICS_TOKEN as a bearer. A wrong one is told so (401);
    without any there is nothing here (404)."""
    sent = request.headers.get("Authorization")
    if sent is not None and settings.METRICS_TOKEN:
        if not is_metrics_token(sent):
            return HttpResponse(status=401, headers={"WWW-Authenticate": 'Bearer realm="metrics"'})
    elif not (request.user.is_authenticated and request.user.is_staff):
        raise Http404
    return HttpResponse(generate_latest(registry()), content_type=CONTENT_TYPE_PLAIN_0_0_4)


@sensitive_variables()
def is_metrics_token(header: str) -> bool:
    """Compared in constant time."""
    scheme, _, sent = header.partition(" ")
    is_right = compare_digest(
        sent.strip().encode(errors="replace"), settings.METRICS_TOKEN.encode()
    )
    return scheme.lower() == "bearer" and is_right


def registry() -> CollectorRegistry:
    """That of this process, or of all processes that write into the same folder."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not folder:
        return OWN
    forget_states_of_dead_processes(Path(folder))
    everyone = CollectorRegistry()
    MultiProcessCollector(everyone)  # type: ignore[no-untyped-call]
    return everyone


def forget_states_of_dead_processes(folder: Path) -> None:
    """What they counted stays, or sums would fall; how they were does not."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not is_alive(pid):
            mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
