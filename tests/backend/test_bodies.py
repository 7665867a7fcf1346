"""What the API writes is what DRF would write."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ErrorDetail
from rest_framework.renderers import JSONRenderer

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
