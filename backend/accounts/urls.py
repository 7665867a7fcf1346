"""Routes of the accounts app's API and of allauth's JSON endpoints for the page."""

from allauth.headless.account import views as allauth
from allauth.headless.constants import Client
from allauth.headless.usersessions.views import SessionsView
from django.urls import path
from rest_framework.routers import SimpleRouter

from accounts.views import ApiKeyViewSet, DeleteAccountView

router = SimpleRouter()
router.register("keys", ApiKeyViewSet, basename="api-key")

api_urlpatterns = [*router.urls, path("account/delete/", DeleteAccountView.as_view())]

# Only what the page uses: each other endpoint of allauth's would need mail, or pages that do not exist.
browser_urlpatterns = [
    path("auth/session", allauth.SessionView.as_api_view(client=Client.BROWSER)),
    path("auth/login", allauth.LoginView.as_api_view(client=Client.BROWSER)),
    path("auth/signup", allauth.SignupView.as_api_view(client=Client.BROWSER)),
    path("auth/sessions", SessionsView.as_api_view(client=Client.BROWSER)),
    path("account/password/change", allauth.ChangePasswordView.as_api_view(client=Client.BROWSER)),
]
