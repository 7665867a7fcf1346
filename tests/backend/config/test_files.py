import gzip
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


@pytest.fixture
def built(settings: Settings, tmp_path: Path) -> Path:
    """A built page, with a secret beside its folder."""
    page = tmp_path / "dist"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text('<!doctype html><script src="./assets/index-a1.js"></script>')
    (page / "favicon.svg").write_text("<svg/>")
    (page / "assets" / "index-a1.js").write_text("let code;")
    (page / "assets" / "index-a1.js.gz").write_bytes(gzip.compress(b"let code;"))
    (page / "assets" / "font-a1.woff2").write_bytes(b"font")
    (tmp_path / "secret.txt").write_text("secret")
    settings.CHATTABLE = {**settings.CHATTABLE, "PAGE": page}
    return page


@pytest.mark.parametrize("path", ["/", "/chat/0193a8f0", "/login", "/apix", "/websocket", "/a/deep/path/", "/a%00b"])
def test_the_page_is_served_on_each_of_its_own_routes(built: Path, path: str) -> None:
    answer = Client().get(path)

    assert answer.status_code == 200
    assert answer.content == b'<!doctype html><script src="/assets/index-a1.js"></script>'
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/api/", "/api/nothing", "/ws/", "/_allauth/", "/_allauth/app/v1/config", "/static/"])
def test_the_page_does_not_answer_for_the_server(built: Path, path: str) -> None:
    answer = Client().get(path)

    assert answer.status_code == 404
    assert answer.json() == {"code": "not_found", "detail": "Not found."}


def test_in_development_too_the_api_answers_in_json(settings: Settings) -> None:
    settings.DEBUG = True

    assert Client().get("/api/nothing").json()["code"] == "not_found"


def test_a_missing_slash_is_added(built: Path) -> None:
    answer = Client().get("/admin")

    assert answer.status_code == 301
    assert answer.headers["Location"] == "/admin/"


def test_files_beside_the_page_are_served(built: Path) -> None:
    answer = Client().get("/favicon.svg")

    assert answer.content == b"<svg/>"
    assert answer.headers["Content-Type"] == "image/svg+xml"


@pytest.mark.parametrize("folder", [None, Path("/nowhere")])
def test_without_a_build_the_page_says_what_to_do(settings: Settings, folder: Path | None) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "PAGE": folder}

    answer = Client().get("/")

    assert answer.status_code == 503
    assert b"make build" in answer.content


def test_assets_are_kept_for_ever(built: Path) -> None:
    answer = Client().get("/assets/index-a1.js")

    assert answer.content == b"let code;"
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert "Content-Encoding" not in answer.headers


def test_assets_come_compressed_to_browsers_that_take_it(built: Path) -> None:
    answer = Client().get("/assets/index-a1.js", headers={"Accept-Encoding": "br, gzip"})

    assert gzip.decompress(answer.content) == b"let code;"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"


def test_assets_without_a_compressed_form_come_as_they_are(built: Path) -> None:
    answer = Client().get("/assets/font-a1.woff2", headers={"Accept-Encoding": "gzip"})

    assert answer.content == b"font"
    assert answer.headers["Content-Type"] == "font/woff2"
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize("path", ["/assets/gone.js", "/assets/", "/static/gone.css", "/static/admin/", "/static/admin"])
def test_a_file_that_is_not_there_gets_404(built: Path, path: str) -> None:
    assert Client().get(path).status_code == 404


def test_static_files_of_admin_and_swagger_are_served() -> None:
    style = Client().get("/static/admin/css/base.css")
    script = Client().get("/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js")

    assert style.status_code == script.status_code == 200
    assert style.headers["Content-Type"] == "text/css; charset=utf-8"
    assert script.headers["Cache-Control"] == "public, max-age=3600"


@pytest.mark.parametrize("folder", ["assets", "static", ""])
@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "../../secret.txt",
        "..%2fsecret.txt",
        "..%2f..%2fsecret.txt",
        "%2e%2e/%2e%2e/secret.txt",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "..\\secret.txt",
        "a/../../../secret.txt",
        "%00../../secret.txt",
        "x" * 5000,
    ],
)
def test_no_path_leads_out_of_the_folder(built: Path, folder: str, path: str) -> None:
    answer = Client().get(f"/{folder}/{path}" if folder else f"/{path}")

    assert b"secret" not in answer.content
    assert b"root:" not in answer.content
    assert answer.status_code == 404 or answer.content == Client().get("/").content


def test_files_can_only_be_read(built: Path) -> None:
    for path in ("/", "/assets/index-a1.js", "/static/admin/css/base.css"):
        assert Client().post(path).status_code == 405
