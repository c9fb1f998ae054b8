"""The three languages of patterns in CODEOWNERS, as regular expressions over whole paths (`stacks/app/main.tf`)."""

from __future__ import annotations

import re

MOST_STARS = 12
LONGEST = 1_000
# A repeated group that itself repeats can take for ever to say no.
_NESTED = re.compile(r"\([^()]*[+*}][^()]*\)[+*{]|\([^()]*\|[^()]*\)[+*{]")


class Unreadable(ValueError):
    """A pattern or a line that cannot be read as the forge would read it, in one sentence."""


def github_pattern(text: str) -> re.Pattern[str]:
    """As in gitignore, but: no `[a-z]`, and `docs/*` is about the files directly in `docs`. What names a directory is
    about all below it."""
    if "[" in text or "]" in text:
        raise Unreadable(f"`{text}`: GitHub knows no `[…]` here, and drops the line")
    literal = re.sub(r"\\(.)", r"\1", text)
    anchored = literal.startswith("/") or "/" in literal.rstrip("/")
    body = literal.strip("/")
    if body in ("", "*", "**"):
        return _compiled("[^/]+" if body == "*" and anchored and not literal.endswith("/") else ".*", text)
    start = "" if anchored else "(?:.*/)?"
    if literal.endswith("/"):
        end = "/.*"
    elif body.endswith("/*"):
        end = ""
    else:
        end = "(?:/.*)?"
    return _compiled(start + _segments(body, brackets=False) + end, text)


def gitlab_pattern(text: str) -> re.Pattern[str]:
    """Ruby's `File.fnmatch` with `FNM_PATHNAME` and `FNM_DOTMATCH`; without a leading slash at any depth, with one at
    the end about all below."""
    literal = re.sub(r"\\([\s#\\])", r"\1", text)
    if literal == "*":
        return _compiled(".*", text)
    full = literal if literal.startswith("/") else f"/**/{literal}"
    if full.endswith("/"):
        full += "**/*"
    return _compiled(_segments(full.removeprefix("/"), brackets=True), text)


def gitea_expression(text: str) -> re.Pattern[str]:
    """Gitea's: a regular expression between `^` and `$`; of each backslash and what follows it, the latter, and without
    a leading slash (gitea 1.26, `models/issues/pull.go`)."""
    body = re.sub(r"\\(.)", r"\1", text).removeprefix("/")
    if _NESTED.search(body):
        raise Unreadable(
            f"`{text}`: a repetition within a repetition is not taken here, for it may never end"
        )
    return _compiled(f"^{body}$", text)


def _segments(glob: str, *, brackets: bool) -> str:
    token = r"\*\*/|\*\*|\*|\?|\[!?[^\]/]+\]|[\s\S]" if brackets else r"\*\*/|\*\*|\*|\?|[\s\S]"
    spelled = {"**/": "(?:[^/]+/)*", "**": ".*" if not brackets else "[^/]*", "*": "[^/]*", "?": "[^/]"}
    made = ""
    for piece in re.findall(token, glob):
        if piece in spelled:
            made += spelled[piece]
        elif brackets and len(piece) > 1:
            inner = piece[1:-1].replace("\\", "\\\\").replace("[", "\\[")
            made += f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
        else:
            made += re.escape(piece)
    return made


def _compiled(expression: str, written: str) -> re.Pattern[str]:
    if len(written) > LONGEST or written.count("*") > MOST_STARS:
        raise Unreadable(f"`{written[:60]}` is longer, or has more stars, than is taken")
    try:
        return re.compile(expression, re.DOTALL)
    except (re.error, RecursionError, OverflowError) as problem:
        raise Unreadable(f"`{written}` makes no sense: {problem}") from None
