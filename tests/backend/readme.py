"""The blocks of code in our READMEs, so that tests can do what they tell."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def blocks(document: str, *, marker: str) -> list[tuple[str, str]]:
    """What follows `<!-- marker: argument -->` as pairs of the argument and the code block's text."""
    text = (ROOT / document).read_text()
    return re.findall(rf"<!-- {marker}:? ?(\S*) -->\n```\w+\n(.*?)```", text, flags=re.DOTALL)


def commands(document: str, *, containing: str) -> list[str]:
    """The lines of the one shell block that holds the text."""
    found = re.findall(r"```sh\n(.*?)```", (ROOT / document).read_text(), flags=re.DOTALL)
    [block] = [block for block in found if containing in block]
    return [line for line in block.splitlines() if line]
