"""A comment as a forge reads it: parsed by a real parser of GitHub's markdown, raw HTML kept."""

import re
from html.parser import HTMLParser

from markdown_it import MarkdownIt

VOID = {"br", "hr"}
OURS = {
    "details",
    "summary",
    "code",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "p",
    "ul",
    "li",
    "pre",
    "strong",
}
OURS |= {"s", "h3", "em", "a"}


class Reading:
    """What a browser would make of it: elements, text outside of code, text of code, comments."""

    def __init__(self) -> None:
        self._parser = HTMLParser(convert_charrefs=True)
        hooks = {"starttag": self._opens, "endtag": self._closes, "data": self._says, "comment": self._hides}
        for hook, heard in hooks.items():
            setattr(self._parser, f"handle_{hook}", heard)
        self.open: list[str] = []
        self.elements: list[str] = []
        self.links: list[str] = []
        self.comments: list[str] = []
        self.unbalanced = False
        self.prose = ""
        self.code: list[str] = []
        self.html = ""

    def parse(self) -> None:
        """Reads `html` to its end."""
        self._parser.feed(self.html)
        self._parser.close()
        self.unbalanced = self.unbalanced or bool(self.open)

    def _opens(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        if tag == "a":
            self.links.append(dict(attrs).get("href") or "")
        if tag == "code":
            self.code.append("")
        if tag not in VOID:
            self.open.append(tag)

    def _closes(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unbalanced = True

    def _says(self, text: str) -> None:
        if "code" in self.open:
            self.code[-1] += text
        else:
            self.prose += text

    def _hides(self, text: str) -> None:
        self.comments.append(text)


def read(markdown: str) -> Reading:
    """`markdown` as it comes to be seen."""
    reading = Reading()
    reading.html = MarkdownIt("gfm-like", {"html": True}).render(markdown)
    reading.parse()
    return reading


def forge_marks(prose: str) -> list[str]:
    """What a forge would make a mention, a reference or a link of, in text that is no code."""
    return re.findall(
        r"(?:^|\W)@\w|(?:^|\W)[#!$%~&^]\w|\bGH-\d|\b[A-Z]+-\d|https?://|\bwww\.|\w@\w|:\w+:|\b[0-9a-f]{7,40}\b",
        prose,
    )


def trespasses(reading: Reading) -> list[str]:
    """What is in it that we never write."""
    return [
        *sorted(set(reading.elements) - OURS),
        *forge_marks(reading.prose),
        *(["unbalanced"] if reading.unbalanced else []),
    ]
