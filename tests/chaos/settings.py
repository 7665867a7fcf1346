"""The starter's settings for stacks that are put under stress; CHAOS, as JSON, says what differs in CHATTABLE."""

import json
import os
import signal
import time
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from config.settings import *  # noqa: F403
from config.settings import CHANNEL_LAYERS, CHATTABLE, DATABASES, REDIS_URL

CHATTABLE = {**CHATTABLE, **json.loads(os.environ.get("CHAOS", "{}"))}
if os.environ.get("CHAOS_LAYER"):
    CHANNEL_LAYERS = {"default": {"BACKEND": os.environ["CHAOS_LAYER"], "CONFIG": {"hosts": [REDIS_URL]}}}
if "pool" in DATABASES["default"].get("OPTIONS", {}):
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 12, "timeout": 20}

# SIGUSR2 steps this process's clock by an hour: the machine's own cannot be touched.
STEP = timedelta(hours=1)
_real_now, _real_time = timezone.now, time.time
_steps = 0


def _step(*_: Any) -> None:
    global _steps
    _steps += 1


def _now() -> datetime:
    return _real_now() + _steps * STEP


def _time() -> float:
    return _real_time() + _steps * STEP.total_seconds()


timezone.now, time.time = _now, _time
signal.signal(signal.SIGUSR2, _step)
