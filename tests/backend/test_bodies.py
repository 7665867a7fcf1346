"""What the API writes is what DRF would write."""

import gc
import json
import uuid
import weakref
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import RequestFactory
from django.urls import resolve
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ErrorDetail
from rest_framework.renderers import JSONRenderer

from backend.factories import UserFactory
from chattable.bodies import FastJSONRenderer


@pytest.mark.parametrize(
    "value",
    [
        None,
        "Ünïcode \u2028 and <b>",
        ErrorDetail("No.", "invalid"),
        gettext_lazy("A text that waits for its language"),
        uuid.UUID(int=7),
        datetime(2026, 1, 5, 10, tzinfo=UTC),
        datetime(2026, 1, 5, 10, 0, 0, 120, tzinfo=UTC),
        [0, -1, 1.5, True, 2**63, 2**70],
        {"nested": [{"in": "lists"}]},
    ],
)
def test_each_kind_of_value_is_written_as_by_drf(value: Any) -> None:
    ours, theirs = (renderer.render({"value": value}) for renderer in (FastJSONRenderer(), JSONRenderer()))

    assert json.loads(ours) == json.loads(theirs)


def test_no_content_is_no_body() -> None:
    assert FastJSONRenderer().render(None) == b""


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("POST", 400), ("PUT", 405)])
@pytest.mark.django_db
def test_a_body_is_gone_with_its_response_before_the_garbage_collector_comes(method: str, status: int) -> None:
    request: Any = RequestFactory().generic(method, "/api/chats/", b"[]", content_type="application/json")
    request.user = UserFactory.create()
    request.session = {}
    request._dont_enforce_csrf_checks = True
    gc.disable()
    try:
        response = resolve("/api/chats/").func(request).render()
        assert response.status_code == status
        left = weakref.ref(response)
        del response
        assert left() is None
    finally:
        gc.enable()
