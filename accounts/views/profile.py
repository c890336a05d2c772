"""Who the person is, and whose clock their pages follow."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

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
        return render(request, "accounts/profile.html", {"form": form}, status=status)
    form.save()
    messages.success(request, "Your profile was saved.")
    return redirect("profile")
