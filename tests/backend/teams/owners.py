"""Chats that belong to the team of whoever is signed in."""

from typing import Any

from backend.teams.models import Team
from chattable.conf import signed_in_user


def team_of(source: Any) -> Team | None:
    """The team of the signed-in person, or None."""
    person = signed_in_user(source)
    return Team._default_manager.filter(people=person).first() if person else None
