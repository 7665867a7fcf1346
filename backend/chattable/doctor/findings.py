"""What the doctor says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, and what the operator can do about it; `code` names it for scripts."""

    code: str
    what: str
    cure: str


# By the code of an answer's error.
PROVIDER_CURES = {
    "provider_auth": "Set OPENAI_API_KEY to a valid key of the provider, for the workers and for the web server.",
    "provider_unavailable": "Check OPENAI_BASE_URL and that the provider can be reached from the workers.",
    "model_not_found": "Set CHATTABLE['MODEL'] to a model of the provider, and check OPENAI_BASE_URL (it ends in /v1).",
    "rate_limited": "Wait, or raise the limits of the provider's account.",
}
OTHER_CURE = "Read the worker's log for what the provider answered."


def provider_finding(code: str, detail: str) -> Finding:
    """The finding for an answer that failed with this code."""
    return Finding(code, detail, PROVIDER_CURES.get(code, OTHER_CURE))
