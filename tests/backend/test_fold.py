"""The fold of scripts that follow the socket keeps to the same contract as the page's."""

import json
from pathlib import Path
from typing import Any

import pytest

from fold import Fold

FIXTURES = json.loads((Path(__file__).parent.parent / "fixtures" / "events.json").read_text())


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: fixture["name"])
def test_folds_like_the_page(fixture: dict[str, Any]) -> None:
    fold = Fold()
    for message in fixture["start"]:
        fold.snapshot(message)
    for frame in fixture["frames"]:
        fold.frame(json.dumps(frame))
    shown = {
        key: {name: message[name] for name in ("content", "reasoning", "status", "rev", "version")}
        for key, message in fold.messages.items()
    }
    assert shown == fixture["expect"]["messages"]
    assert fold.gaps == fixture["expect"]["refetch"]
