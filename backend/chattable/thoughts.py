"""Tells what a model thinks from what it answers, where both come as one text with `<think>` tags."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

# Gives the content so far, which is wanted seldom.
type Said = Callable[[], str]

OPENING, CLOSING = "<think>", "</think>"


class Parts(NamedTuple):
    """What a piece of text adds to the answer; with `rewinds` all that it held before belongs to the reasoning here."""

    content: str = ""
    reasoning: str = ""
    rewinds: bool = False


NOTHING = Parts()


class Thoughts:
    """Splits the text of one answer as it comes, wherever it is cut.

    A tag counts at the beginning of the answer, after white space, and where it closes what it opened there. A closing
    tag alone turns what was said so far into reasoning, unless it stands in code or an opening tag stands before it.
    """

    def __init__(self) -> None:
        # Whether a tag may still count; once it is false there is no need to ask.
        self.is_open = True
        self._held = ""
        self._read: Callable[[str, Said], Parts] = self._begin

    def split(self, content: str, reasoning: str, *, before: Said) -> Parts:
        """The parts of the next piece; `reasoning` is what the provider has told apart."""
        text, self._held = self._held + content, ""
        if reasoning:
            self.is_open = False
            return Parts(text, reasoning)
        return self._read(text, before)

    def end(self) -> Parts:
        """What was held back because it might have become a tag."""
        self.is_open = False
        text, self._held = self._held, ""
        return Parts(reasoning=text) if self._read == self._think else Parts(text)

    def _begin(self, text: str, before: Said) -> Parts:
        start = text.lstrip()
        if start.startswith(OPENING):
            self._read = self._enter
            return self._enter(start[len(OPENING) :], before)
        if OPENING.startswith(start) or (CLOSING.startswith(start) and start != CLOSING):
            self._held = text
            return Parts()
        self._read = self._answer
        return self._answer(text, before)

    def _enter(self, text: str, before: Said) -> Parts:
        """Skip the white space between the tag and the thoughts."""
        text = text.lstrip()
        if not text:
            return Parts()
        self._read = self._think
        return self._think(text, before)

    def _think(self, text: str, before: Said) -> Parts:
        thought, tag, rest = text.partition(CLOSING)
        if not tag:
            return Parts(reasoning=self._hold(text))
        self._read = self._follow
        return Parts(self._follow(rest, before).content, thought)

    def _follow(self, text: str, before: Said) -> Parts:
        """Skip the white space between the thoughts and the answer."""
        text = text.lstrip()
        self.is_open = not text
        return Parts(text)

    def _answer(self, text: str, before: Said) -> Parts:
        if "<" not in text:
            return Parts(text)
        said, tag, rest = text.partition(CLOSING)
        if not tag:
            return Parts(self._hold(text))
        earlier = before()
        said = earlier + said
        if _is_literal(said):
            self.is_open = False
            return Parts(text)
        self._read = self._follow
        return Parts(self._follow(rest, before).content, said if said.strip() else "", rewinds=bool(earlier))

    def _hold(self, text: str) -> str:
        """The text without the end that may become a closing tag, which waits for the next piece."""
        start = text.rfind("<")
        if start < 0 or not CLOSING.startswith(text[start:]):
            return text
        self._held = text[start:]
        return text[:start]


def _is_literal(said: str) -> bool:
    """Whether a closing tag after this text is spoken of, and closes nothing."""
    line = said.rpartition("\n")[2]
    return OPENING in said or any(place.count(mark) % 2 for place, mark in ((said, "```"), (said, "~~~"), (line, "`")))
