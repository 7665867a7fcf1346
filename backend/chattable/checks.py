"""System checks that name the cure for each wrong setting."""

import os
from typing import Any

from channels import DEFAULT_CHANNEL_LAYER
from django.conf import settings as django_settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from chattable.conf import FEATURES, settings

_POSITIVE = (
    *("LEASE_SECONDS", "HEARTBEAT_SECONDS", "SWEEP_SECONDS", "REQUEUE_SECONDS", "FIRST_TOKEN_SECONDS"),
    *("IDLE_SECONDS", "END_SECONDS", "HOOK_SECONDS", "RECHECK_SECONDS"),
    *("MAX_MESSAGE_CHARS", "MAX_RUNNING", "MAX_ATTEMPTS", "MAX_REQUESTS"),
)
_NOT_NEGATIVE = ("RETRY_AFTER_SECONDS", "FLUSH_SECONDS")


@register()
def check_settings(**_: Any) -> list[CheckMessage]:
    """Unknown names, values out of range, an owner resolver that cannot be imported."""
    try:
        values = settings.values()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="Correct the spelling, or remove the names.", id="chattable.E001")]
    return _check_numbers(values) or [
        *_check_lease(values),
        *_check_resolver(values["OWNER_RESOLVER"]),
        *_check_models(values),
        *_check_features(values["FEATURES"]),
    ]


def _check_numbers(values: dict[str, Any]) -> list[CheckMessage]:
    wrong = {name: "above 0" for name in _POSITIVE if not (_is_number(values[name]) and values[name] > 0)}
    wrong |= {name: "of 0 or more" for name in _NOT_NEGATIVE if not (_is_number(values[name]) and values[name] >= 0)}
    return [
        Error(f"CHATTABLE[{name!r}] must be a number {range_}, not {values[name]!r}.", id="chattable.E002")
        for name, range_ in wrong.items()
    ]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_lease(values: dict[str, Any]) -> list[CheckMessage]:
    if values["LEASE_SECONDS"] >= 3 * values["HEARTBEAT_SECONDS"]:
        return []
    return [
        Error(
            "A lease must outlast three heartbeats, or healthy workers lose their answers.",
            hint="Raise CHATTABLE['LEASE_SECONDS'] or lower CHATTABLE['HEARTBEAT_SECONDS'].",
            id="chattable.E003",
        )
    ]


def _check_resolver(resolver: Any) -> list[CheckMessage]:
    problem = "is not a function"
    try:
        resolver = import_string(resolver) if isinstance(resolver, str) else resolver
    except ImportError as error:
        problem = f"cannot be imported: {error}"
    if callable(resolver):
        return []
    return [
        Error(
            f"CHATTABLE['OWNER_RESOLVER'] {problem}",
            hint="Name a function (request | scope) -> owner or None, itself or by its path.",
            id="chattable.E004",
        )
    ]


def _check_models(values: dict[str, Any]) -> list[CheckMessage]:
    models = values["MODELS"]
    if models is None or (isinstance(models, list | tuple) and values["MODEL"] in models):
        return []
    return [
        Error(
            f"CHATTABLE['MODELS'] must be None or a list that holds the default model {values['MODEL']!r}.",
            hint="Add the default model to the list, or name one of the list in CHATTABLE['MODEL'].",
            id="chattable.E005",
        )
    ]


def _check_features(features: Any) -> list[CheckMessage]:
    if isinstance(features, list | tuple) and set(features) <= set(FEATURES):
        return []
    return [
        Error(
            f"CHATTABLE['FEATURES'] must be a list of features, not {features!r}.",
            hint=f"There are: {', '.join(FEATURES)}.",
            id="chattable.E006",
        )
    ]


@register()
def check_channel_layer(**_: Any) -> list[CheckMessage]:
    """A channel layer that the events can be trusted to."""
    layer = getattr(django_settings, "CHANNEL_LAYERS", {}).get(DEFAULT_CHANNEL_LAYER, {}).get("BACKEND")
    ours = (
        "CHANNEL_LAYERS = {'default': {'BACKEND': 'chattable.layers.ChattableLayer', 'CONFIG': {'hosts': [REDIS_URL]}}}"
    )
    if layer is None:
        return [
            checks.Warning(
                "No channel layer: pages will not see answers grow.", hint=f"Set {ours}.", id="chattable.W001"
            )
        ]
    if layer == "channels.layers.InMemoryChannelLayer":
        message = "The in-memory channel layer does not reach other processes, so pages see nothing of a worker."
        return [checks.Warning(message, hint=f"Outside tests set {ours}.", id="chattable.W002")]
    if layer == "channels_redis.core.RedisChannelLayer":
        message = "RedisChannelLayer drops messages when a channel is full, so answers would arrive with holes."
        return [checks.Warning(message, hint=f"Set {ours}.", id="chattable.W003")]
    return []


@register()
def check_provider(**_: Any) -> list[CheckMessage]:
    """A provider that can be asked."""
    given = settings.API_KEY or settings.BASE_URL
    if given or os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL"):
        return []
    return [
        checks.Warning(
            "No model provider: every answer will fail.",
            hint="Set OPENAI_API_KEY, or OPENAI_BASE_URL for a local provider, or the same in CHATTABLE.",
            id="chattable.W004",
        )
    ]
