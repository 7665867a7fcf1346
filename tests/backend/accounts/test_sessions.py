"""A person sees where they are signed in, and ends what is not theirs."""

import pytest

from backend.browser import Browser
from backend.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


def signed_in(email: str) -> Browser:
    browser = Browser()
    browser.log_in(email, PASSWORD)
    return browser


def test_the_sessions_of_a_person_are_listed() -> None:
    user = UserFactory.create()
    here = signed_in(user.email)
    signed_in(user.email)
    signed_in(UserFactory.create().email)

    assert [session["is_current"] for session in here.sessions()] == [True, False]


def test_a_session_is_ended_from_another_one() -> None:
    user = UserFactory.create()
    here, there, third = (signed_in(user.email) for _ in range(3))
    [other] = [session["id"] for session in there.sessions() if session["is_current"]]

    answer = here.end_sessions(other)

    assert answer.status_code == 200
    assert len(here.sessions()) == 2
    assert (here.signed_in(), there.signed_in(), third.signed_in()) == (True, False, True)


def test_nobody_ends_the_session_of_somebody_else() -> None:
    here, stranger = signed_in(UserFactory.create().email), signed_in(UserFactory.create().email)
    [own] = [session["id"] for session in here.sessions()]

    assert stranger.end_sessions(own).status_code == 400
    assert Browser().end_sessions(own).status_code == 401
    assert here.signed_in()
