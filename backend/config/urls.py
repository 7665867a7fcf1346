"""Every address of the starter: the API, sign-in, admin, probes, files, and else the page."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from accounts.urls import api_urlpatterns, browser_urlpatterns
from chattable import page
from config import errors, files, views

handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.not_found
handler500 = errors.server_error

# Swagger UI carries styles in its markup; no other page may.
POLICY: dict[str, Any] = {**settings.SECURE_CSP, "style-src": [CSP.SELF, CSP.UNSAFE_INLINE]}
# Without metadata: for OPTIONS the page has no template.
docs = csp_override(POLICY)(SpectacularSwaggerSplitView.as_view(url_name="schema", metadata_class=None))

api = [
    path("config/", views.ConfigView.as_view(), name="config"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", docs, name="docs"),
    *api_urlpatterns,
    path("", include("chattable.urls")),
    re_path("", errors.not_found),
]

urlpatterns = [
    path("healthz", views.healthz),
    path("readyz", views.readyz),
    path("api/", include(api)),
    path("_allauth/browser/v1/", include(browser_urlpatterns)),
    path("admin/", admin.site.urls),
    path("static/<path:path>", files.static),
    path("assets/<path:path>", page.asset),
    re_path(r"^(?P<path>(?!(?:api|ws|_allauth|admin|static|assets)(?:/|$)|healthz$|readyz$).*)$", page.page),
]
