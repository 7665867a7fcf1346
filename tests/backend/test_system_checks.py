"""Each wrong setting is found by `manage.py check`, in words that name its cure."""

from typing import Any

import pytest
from django.core import checks
from django.test import override_settings
from pytest_django.fixtures import Settings

from chattable.checks import check_channel_layer, check_provider, check_settings


def found(**chattable: Any) -> list[tuple[str, str]]:
    """The id of each problem, and what it says with its hint."""
    with override_settings(CHATTABLE=chattable):
        return [(str(problem.id), f"{problem.msg} {problem.hint or ''}") for problem in check_settings()]


@pytest.mark.django_db
def test_the_starter_passes_its_own_checks() -> None:
    assert checks.run_checks() == []


def test_the_defaults_pass() -> None:
    assert found() == []


def test_names_that_do_not_exist() -> None:
    [(code, words)] = found(MODLE="x")

    assert code == "chattable.E001"
    assert "MODLE" in words
    assert "MODEL" in words


def test_a_setting_that_is_no_dictionary() -> None:
    with override_settings(CHATTABLE=[]):
        [problem] = check_settings()

    assert (problem.id, problem.msg) == ("chattable.E001", "CHATTABLE must be a dictionary.")


@pytest.mark.parametrize(
    "name",
    [
        "LEASE_SECONDS",
        "HEARTBEAT_SECONDS",
        "SWEEP_SECONDS",
        "REQUEUE_SECONDS",
        "FIRST_TOKEN_SECONDS",
        "IDLE_SECONDS",
        "END_SECONDS",
        "HOOK_SECONDS",
        "RECHECK_SECONDS",
        "MAX_MESSAGE_CHARS",
        "MAX_ATTEMPTS",
        "MAX_REQUESTS",
    ],
)
@pytest.mark.parametrize("value", [0, -1, "15", None, True, float("nan")])
def test_numbers_that_must_be_above_zero(name: str, value: Any) -> None:
    assert found(**{name: value}) == [
        ("chattable.E002", f"CHATTABLE[{name!r}] must be a number above 0, not {value!r}. ")
    ]


@pytest.mark.parametrize("name", ["FLUSH_SECONDS", "RETRY_AFTER_SECONDS"])
def test_numbers_that_may_be_zero(name: str) -> None:
    assert found(**{name: 0}) == []
    for value in (-1, "1", None, False):
        assert found(**{name: value}) == [
            ("chattable.E002", f"CHATTABLE[{name!r}] must be a number of 0 or more, not {value!r}. ")
        ]


def test_several_mistakes_are_told_at_once() -> None:
    assert len(found(LEASE_SECONDS=0, HOOK_SECONDS="x", FLUSH_SECONDS=-1)) == 3


def test_a_lease_that_healthy_workers_would_lose() -> None:
    [(code, words)] = found(LEASE_SECONDS=1, HEARTBEAT_SECONDS=0.5)

    assert code == "chattable.E003"
    assert "Raise CHATTABLE['LEASE_SECONDS'] or lower CHATTABLE['HEARTBEAT_SECONDS']" in words
    assert found(LEASE_SECONDS=1.5, HEARTBEAT_SECONDS=0.5) == []


@pytest.mark.parametrize("resolver", ["no.such.module.f", "nodots", "chattable.conf.DEFAULTS", None, 7])
def test_an_owner_resolver_that_cannot_be_called(resolver: Any) -> None:
    [(code, words)] = found(OWNER_RESOLVER=resolver)

    assert code == "chattable.E004"
    assert "(request | scope) -> owner or None" in words


@pytest.mark.parametrize("features", [["singup"], "login", None, {"login": True}])
def test_features_that_there_are_not(features: Any) -> None:
    [(code, words)] = found(FEATURES=features)

    assert code == "chattable.E006"
    assert "login, signup" in words
    assert found(FEATURES=["login", "signup"]) == []


@pytest.mark.parametrize("models", [[], ["other"], "gpt", {"gpt"}])
def test_a_list_of_models_without_the_default_one(models: Any) -> None:
    [(code, words)] = found(MODEL="gpt", MODELS=models)

    assert code == "chattable.E005"
    assert "'gpt'" in words
    assert found(MODEL="gpt", MODELS=["other", "gpt"]) == []


@pytest.mark.parametrize(
    ("layers", "code"),
    [
        ({}, "chattable.W001"),
        ({"other": {"BACKEND": "chattable.layers.ChattableLayer"}}, "chattable.W001"),
        ({"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}, "chattable.W002"),
        ({"default": {"BACKEND": "channels_redis.core.RedisChannelLayer"}}, "chattable.W003"),
    ],
)
def test_channel_layers_that_lose_events(settings: Settings, layers: Any, code: str) -> None:
    settings.CHANNEL_LAYERS = layers

    [problem] = check_channel_layer()

    assert problem.id == code
    assert "'BACKEND': 'chattable.layers.ChattableLayer'" in str(problem.hint)


@pytest.mark.parametrize(
    "backend", ["chattable.layers.ChattableLayer", "channels_redis.pubsub.RedisPubSubChannelLayer"]
)
def test_channel_layers_that_are_fine(settings: Settings, backend: str) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend}}

    assert check_channel_layer() == []


def test_no_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with override_settings(CHATTABLE={}):
        [problem] = check_provider()
    assert problem.id == "chattable.W004"
    assert "OPENAI_API_KEY" in str(problem.hint)

    for given in ({"API_KEY": "k"}, {"BASE_URL": "http://local/v1"}):
        with override_settings(CHATTABLE=given):
            assert check_provider() == []
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        with monkeypatch.context() as environment, override_settings(CHATTABLE={}):
            environment.setenv(name, "x")
            assert check_provider() == []
