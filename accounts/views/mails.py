"""The way out of mails that repeat: one click, from the mail itself, without signing in."""

from django.contrib.auth.decorators import login_not_required
from django.core.signing import BadSignature
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts import mail
from accounts.models import User


@login_not_required
@csrf_exempt  # mail programs post here by themselves (RFC 8058); the address is the proof
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, ticket: str) -> HttpResponse:
    """A visit alone changes nothing: mail scanners follow every link."""
    try:
        user, switch = mail.read_unsubscribe(ticket)
    except (BadSignature, User.DoesNotExist):
        raise Http404 from None
    done = request.method == "POST"
    if done:
        User.objects.filter(pk=user.pk).update(**{switch: False})
    context = {"email": user.email, "mails": mail.SWITCHES[switch], "done": done}
    return render(request, "accounts/unsubscribe.html", context)
