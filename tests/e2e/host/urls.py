"""The host's own addresses, and the page with its API under one of them."""

from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def home(request: HttpRequest) -> HttpResponse:
    """The host's own page."""
    return HttpResponse("The host")


urlpatterns = [
    path("", home),
    path("enter/", LoginView.as_view(), name="login"),
    path("leave/", LogoutView.as_view()),
    path("assistant/api/", include("chattable.urls")),
    path("assistant/", include("chattable.page")),
]
