"""The starter's settings for real workers in the tests: recovery in seconds, where the product takes its time."""

import json
import os

from config.settings import *  # noqa: F403
from config.settings import CHATTABLE

CHATTABLE = {
    **CHATTABLE,
    "LEASE_SECONDS": 2.0,
    "HEARTBEAT_SECONDS": 0.2,
    "SWEEP_SECONDS": 0.3,
    # Long, so that what is quick is not the sweep's merit.
    "REQUEUE_SECONDS": 30.0,
    **json.loads(os.environ.get("CHATTABLE_OF_TEST", "{}")),
}
