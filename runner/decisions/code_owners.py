"""Who owns which files, as each forge reads its CODEOWNERS: three languages that look like one.

The file is a gate: it is read from the default branch. A line that cannot be read is a problem that closes, where a
forge would drop it (law 10). Sources: docs.github.com (about code owners), docs.gitlab.com (syntax of CODEOWNERS),
docs.gitea.com (code owners).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from runner.decisions.code_owners_patterns import Unreadable, gitea_expression, github_pattern, gitlab_pattern
from runner.diagnostics import Diagnostic, Span

PLACES = {
    "github": (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"),
    "gitlab": ("CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"),
    "gitea": ("CODEOWNERS", "docs/CODEOWNERS", ".gitea/CODEOWNERS"),
}
"""Where each forge looks; the first that is there counts."""

_SECTION = re.compile(r"(?P<optional>\^?)\[(?P<name>[^\]]+)\](?:\[(?P<count>\d+)\])?(?P<owners>(?:\s.*)?)")
_OWNER = re.compile(r"@@?[\w.][\w.\-]*(?:/[\w.\-]+)*|[^\s@]+@[^\s@]+")


class OwnerRule(Struct, frozen=True, kw_only=True):
    """One line. `negative`: it takes files out (GitLab), or is about all other files (Gitea). `section`: GitLab's, in
    lower case; `count` of its owners must approve, none where it is `optional`."""

    pattern: re.Pattern[str]
    owners: tuple[str, ...]
    line: int
    written: str
    section: str = ""
    count: int = 1
    optional: bool = False
    negative: bool = False


class OwnersFile(Struct, frozen=True, kw_only=True):
    """A believed file of `brand`; with `problems` it is not to be believed."""

    brand: str
    path: str
    rules: tuple[OwnerRule, ...]
    problems: tuple[Diagnostic, ...] = ()


class Ownership(Struct, frozen=True, kw_only=True):
    """`count` of `owners` (logins, teams, addresses, `@@role`s, as written) must approve; `paths` because of which."""

    owners: tuple[str, ...]
    count: int
    paths: tuple[str, ...]
    because: str


def read_code_owners(text: str, brand: str, path: str) -> OwnersFile:
    """The rules in `text`, in written order, and all that cannot be read."""
    rules: list[OwnerRule] = []
    problems: list[Diagnostic] = []
    section = OwnerRule(pattern=re.compile(""), owners=(), line=0, written="")
    for number, line in enumerate(text.splitlines(), 1):
        words = _words(line, brand)
        if not words:
            continue
        try:
            if brand == "gitlab" and (found := _SECTION.fullmatch(line.strip())):
                section = _section(found, number, line, rules)
            else:
                rules.append(_rule(words, brand, number, section))
        except Unreadable as unreadable:
            span = Span(file=path, line=number, column=1)
            problems.append(
                Diagnostic(code="code-owners-unreadable", message=str(unreadable), span=span, source=line)
            )
    return OwnersFile(brand=brand, path=path, rules=tuple(rules), problems=tuple(problems))


def _words(line: str, brand: str) -> list[str]:
    """A line's pattern and owners; a backslash keeps the blank or hash behind it in the pattern."""
    if brand == "gitlab":
        line = "" if line.lstrip().startswith("#") else re.split(r"\s#", line, maxsplit=1)[0]
    else:
        line = re.split(r"(?:^|\s)#" if brand == "github" else r"(?<!\\)#", line, maxsplit=1)[0]
    return re.findall(r"(?:\\.|[^\s\\])+", line)


def _section(found: re.Match[str], number: int, line: str, rules: Sequence[OwnerRule]) -> OwnerRule:
    """The head of a section; sections of one name are one, and it is optional only where each of them is."""
    name = found["name"].strip().casefold()
    before = [rule for rule in rules if rule.section == name]
    return OwnerRule(
        pattern=re.compile(""),
        owners=tuple(_owners(found["owners"].split(), number)),
        line=number,
        written=line.strip(),
        section=name,
        count=max([int(found["count"] or 1), *(rule.count for rule in before)]),
        optional=bool(found["optional"]) and all(rule.optional for rule in before),
    )


def _rule(words: Sequence[str], brand: str, number: int, section: OwnerRule) -> OwnerRule:
    written, negative = words[0], words[0].startswith("!")
    if brand == "github" and negative:
        raise Unreadable(f"`{written}`: GitHub knows no `!` here, and drops the line")
    if brand == "gitea" and len(words) < 2:
        raise Unreadable(f"`{written}`: Gitea drops a line that names nobody")
    body = written.removeprefix("!")
    compile_pattern = {"github": github_pattern, "gitlab": gitlab_pattern, "gitea": gitea_expression}[brand]
    return OwnerRule(
        pattern=compile_pattern(body),
        owners=tuple(_owners(words[1:], number)) or section.owners,
        line=number,
        written=written,
        section=section.section,
        count=section.count,
        optional=section.optional,
        negative=negative,
    )


def _owners(words: Iterable[str], number: int) -> Iterable[str]:
    for word in words:
        if not _OWNER.fullmatch(word):
            raise Unreadable(f"`{word}` in line {number} is no login, team or address")
        yield word


def ownerships(file: OwnersFile, paths: Iterable[str]) -> tuple[Ownership, ...]:
    """Who must approve a change of `paths`: one of them for each rule that decides about one. A path that nobody owns
    asks for nobody."""
    found: dict[int, tuple[OwnerRule, list[str]]] = {}
    for path in sorted(set(paths)):
        for rule in _deciding(file, path):
            if rule.owners and not rule.optional:
                found.setdefault(rule.line, (rule, []))[1].append(path)
    return tuple(
        Ownership(
            owners=rule.owners,
            count=rule.count,
            paths=tuple(owned),
            because=f"`{rule.written}` in line {line} of `{file.path}`",
        )
        for line, (rule, owned) in sorted(found.items())
    )


def _deciding(file: OwnersFile, path: str) -> list[OwnerRule]:
    """The rules that speak of `path`: GitHub's last one, GitLab's last one a section, all of Gitea's."""
    if file.brand == "gitea":
        return [rule for rule in file.rules if bool(rule.pattern.search(path)) is not rule.negative]
    last: dict[str, OwnerRule] = {}
    out: set[str] = set()
    for rule in file.rules:
        if rule.pattern.fullmatch(path):
            if rule.negative:
                out.add(rule.section)
            else:
                last[rule.section] = rule
    return [rule for section, rule in last.items() if section not in out]
