from django.http import HttpRequest, JsonResponse
from django.urls import path

DATA = {"id": 42, "email": "person-42@example.com", "name": "Person 42"}


def me(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"success": True, "data": DATA})


urlpatterns = [path("api/v1/me", me)]
