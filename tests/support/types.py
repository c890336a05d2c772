"""What the fixtures hand out."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from accounts.models import Issued
from tests.support.site import Site

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

type Api = Callable[..., "Response"]
type Issue = Callable[..., Issued]
type Serve = Callable[..., Site]
