"""Who the person is, whose clock their pages follow, and what they are told."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.calendars import feed_url
from accounts.forms_people import ProfileForm
from accounts.models import User
from accounts.views import SignedInRequest


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: SignedInRequest) -> HttpResponse:
    # A row of its own: what was typed wrongly must not show in the rest of the page.
    person = User.objects.get(pk=request.user.pk)
    form = ProfileForm(request.POST if request.method == "POST" else None, instance=person)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        context = {"form": form, "feed_url": feed_url(request.user)}
        return render(request, "accounts/profile.html", context, status=status)
    form.save()
    messages.success(request, "Your profile was saved.")
    return redirect("profile")
