"""The page in a host's URLs, under another path than the root, beside the host's own login."""

from pathlib import Path

import pytest
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from pytest_django.fixtures import Settings

DOCUMENT = '<div id="chattable" data-base="./"></div><script src="./assets/a.js"></script><a href="https://x/./y">'


def host(request: HttpRequest) -> HttpResponse:
    """The host's own page."""
    return HttpResponse("host")


urlpatterns = [
    path("", host),
    path("enter/", LoginView.as_view(), name="login"),
    path("a&b/ä/api/", include("chattable.urls")),
    path("a&b/ä/", include("chattable.page")),
]


@pytest.fixture(autouse=True)
def _built(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(DOCUMENT)
    (tmp_path / "assets/a.js").write_text("let code;")
    (tmp_path / "icon.svg").write_text("<svg/>")
    settings.ROOT_URLCONF = __name__
    settings.CHATTABLE = {"PAGE": tmp_path}


@pytest.mark.parametrize("route", ["", "chats/1", "index.html", "a/b/c"])
def test_the_page_learns_the_path_that_it_stands_under(route: str) -> None:
    answer = Client().get(f"/a&b/ä/{route}")

    assert answer.status_code == 200
    assert answer.content.decode() == DOCUMENT.replace('="./', '="/a&amp;b/%C3%A4/')


def test_behind_a_prefix_that_a_proxy_takes_off_it_learns_that_too(settings: Settings) -> None:
    settings.FORCE_SCRIPT_NAME = "/intranet"

    answer = Client().get("/a&b/ä/chats/1")

    assert b'data-base="/intranet/a&amp;b/%C3%A4/"' in answer.content


def test_its_files_are_served_beside_it() -> None:
    assert Client().get("/a&b/ä/assets/a.js").content == b"let code;"
    assert Client().get("/a&b/ä/icon.svg").content == b"<svg/>"
    assert Client().get("/a&b/ä/assets/gone.js").status_code == 404


@pytest.mark.parametrize("address", ["/", "/a&b/ä/api/nothing", "/a&b/ä/ws/", "/elsewhere"])
def test_it_answers_for_nothing_else(address: str) -> None:
    assert b"chattable" not in Client().get(address).content


@pytest.mark.parametrize(("login_url", "address"), [("login", "/enter/"), ("https://sso.example/?x=1",) * 2])
def test_it_sends_people_to_the_login_of_the_host(settings: Settings, login_url: str, address: str) -> None:
    settings.LOGIN_URL = login_url
    settings.CSRF_COOKIE_NAME = "of_host"

    answer = Client().get("/a&b/ä/api/config/")

    assert answer.json() == {"login": address, "features": [], "csrf_cookie": "of_host", "max_message_chars": 500_000}
    assert "of_host" in answer.cookies


def test_what_the_host_offers_is_shown(settings: Settings) -> None:
    settings.CHATTABLE = {"FEATURES": ["login", "api_keys"]}

    config = Client().get("/a&b/ä/api/config/").json()

    assert (config["login"], config["features"]) == (None, ["login", "api_keys"])
