"""An open socket ends with the credential that opened it, within a second, and with no other."""

# mypy: disable-error-code="no-untyped-call"

import time
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator

from accounts.models import ApiKey, User
from backend.browser import Browser
from backend.factories import PASSWORD, ApiKeyFactory, UserFactory
from config.asgi import application

pytestmark = pytest.mark.django_db(transaction=True)


class Socket:
    """A socket to `/ws/` with these headers."""

    def __init__(self, **headers: str) -> None:
        pairs = [(b"host", b"testserver"), *((name.encode(), value.encode()) for name, value in headers.items())]
        scope = {"type": "websocket", "path": "/ws/", "query_string": b"", "headers": pairs}
        self._app = ApplicationCommunicator(application, scope)

    async def open(self) -> bool:
        """Whether the server accepts it."""
        await self._app.send_input({"type": "websocket.connect"})
        answer: dict[str, Any] = await self._app.receive_output()
        return bool(answer["type"] == "websocket.accept")

    async def lives(self) -> bool:
        """Whether it answers a ping."""
        await self._app.send_input({"type": "websocket.receive", "text": '{"type":"ping"}'})
        answer: dict[str, Any] = await self._app.receive_output()
        return answer.get("text") == '{"type":"pong"}'

    async def ended(self) -> tuple[int, float]:
        """The code it is closed with, and after how many seconds."""
        start = time.monotonic()
        answer = await self._app.receive_output(timeout=5)
        assert answer["type"] == "websocket.close"
        return answer["code"], time.monotonic() - start

    async def leave(self) -> None:
        """Close it from this side."""
        await self._app.send_input({"type": "websocket.disconnect", "code": 1000})
        await self._app.wait()


async def log_in(user: User) -> Browser:
    browser = Browser()
    await sync_to_async(browser.log_in)(user.email, PASSWORD)
    return browser


def of(browser: Browser) -> Socket:
    cookie = f"sessionid={browser.cookies['sessionid'].value}"
    return Socket(cookie=cookie, origin="http://testserver")


def log_out(user: User, browser: Browser) -> None:
    browser.log_out()


def change_password(user: User, browser: Browser) -> None:
    browser.change_password(PASSWORD, "another good horse")


def deactivate(user: User, browser: Browser) -> None:
    user.is_active = False
    user.save()


def delete(user: User, browser: Browser) -> None:
    user.delete()


@pytest.mark.parametrize("end", [log_out, change_password, deactivate, delete])
async def test_the_end_of_a_session_closes_its_sockets(end: Callable[[User, Browser], None]) -> None:
    user = await sync_to_async(UserFactory.create)()
    browser = await log_in(user)
    tabs = [of(browser), of(browser)]
    assert [await tab.open() for tab in tabs] == [True, True]
    assert [await tab.lives() for tab in tabs] == [True, True]

    await sync_to_async(end)(user, browser)

    for tab in tabs:
        code, seconds = await tab.ended()
        assert code == 4401
        assert seconds < 1
    assert not await of(browser).open() or end is change_password


async def test_revocation_closes_the_sockets_of_that_key_alone() -> None:
    user = await sync_to_async(UserFactory.create)()
    key: ApiKey = await sync_to_async(ApiKeyFactory.create)(user=user, secret="ck_one")
    await sync_to_async(ApiKeyFactory.create)(user=user, secret="ck_two")
    browser = await log_in(user)
    one, two, tab = Socket(authorization="Bearer ck_one"), Socket(authorization="Bearer ck_two"), of(browser)
    assert [await socket.open() for socket in (one, two, tab)] == [True, True, True]

    answer = await sync_to_async(browser.call)("delete", f"/api/keys/{key.id}/")

    assert answer.status_code == 204
    code, seconds = await one.ended()
    assert code == 4401
    assert seconds < 1
    assert not await Socket(authorization="Bearer ck_one").open()
    for socket in (two, tab):
        assert await socket.lives()
        await socket.leave()


async def test_logout_leaves_the_users_other_browser_and_other_users_alone() -> None:
    user, other = [await sync_to_async(UserFactory.create)() for _ in range(2)]
    here, there, stranger = await log_in(user), await log_in(user), await log_in(other)
    sockets = [of(here), of(there), of(stranger)]
    assert [await socket.open() for socket in sockets] == [True, True, True]

    await sync_to_async(here.log_out)()

    assert (await sockets[0].ended())[0] == 4401
    for socket in sockets[1:]:
        assert await socket.lives()
        await socket.leave()
