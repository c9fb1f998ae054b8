"""Files of HCL drawn at random around one provisioner: everything that a lexer can trip over, in any order."""

from __future__ import annotations

from random import Random

OLD_PROVISIONER = "chef"
"""The engine names it as soon as it reads it, without running or fetching anything."""

_SPACES = (
    " ",
    "\t",
    "\r",
    "\x0b",
    "\x0c",
    "\x85",
    "\xa0",
    "\u2003",
    "\u2028",
    "\u3000",
    "\ufeff",
    "\x1c",
    "",
)
_ENDS = ("\n", "\r\n", " \n", "\r", "\n\n", "\x85", "")
_TEXTS = (
    '"', '\\"', "\\\\", "$", "$$", "$${", "%", "%%{", "${1}", '${"a"}', "%{ if true }x%{ endif }", "${", "}", "{", "/*",
    "*/", "//", "#", "EOF", "<<EOF", "é", "'", "`", "a", "\\u00e9", "\\n", "${<<EOF\nb\nEOF\n}", "\\", "~}", "${~ 1 ~}",
    "$$$", "%%%", "%$", "${{a = 1}.a}", "${/* } */ 1}",
)  # fmt: skip
_VALUES = (
    "1",
    "[1, 2]",
    "{ a = 1 }",
    "null",
    "(1)",
    "[for x in [1] : x]",
    "1 /* ) */",
    "-1",
    "!true",
    "true ? 1 : 2",
)


def drawn_hcl(draw: Random) -> str:
    """A file that may hold the provisioner where the engine sees it, or in a comment, a string or a heredoc."""
    pieces = [_piece(draw) for _ in range(draw.randint(0, 3))]
    around = _around(draw) if draw.random() < 0.5 else ("", "")
    pieces.insert(draw.randint(0, len(pieces)), around[0] + _resource(draw) + around[1])
    return "".join(pieces)


def _around(draw: Random) -> tuple[str, str]:
    """What could begin a text before the provisioner and end it behind, for one reader and not for the other."""
    odd, text = draw.choice(_SPACES), _text(draw, 2)
    match draw.randint(0, 4):
        case 0:
            start = f"locals {{\n  a = <<EOF\n{text}\n{draw.choice(['', '  '])}EOF{odd}\n}}\n"
            return start, "locals {\n  b = <<EOF\nEOF\n}\n"
        case 1:
            start = f"locals {{\n  a = <<EOF\n{odd}{draw.choice(['', odd])}EOF\n}}\n"
            return start, "locals {\n  b = <<EOF\nEOF\n}\n"
        case 2:
            start = f'locals {{\n  a = "{text}{draw.choice(["$", "%", odd]) * 3}{{"\n}}\n'
            return start, 'locals {\n  b = "}"\n}\n'
        case 3:
            return f"{draw.choice(['/*/', '/**', '//*', '#/*'])}{text}{odd}*/\n", "/**/\n"
        case _:
            start = f'locals {{\n  a = "${{<<EOF\n{text}\nEOF{odd}\n}}"\n}}\n'
            return start, 'locals {\n  b = "${<<EOF\nEOF\n}"\n}\n'


def _resource(draw: Random) -> str:
    inner = f'provisioner "{OLD_PROVISIONER}" {{}}'
    if draw.random() < 0.3:
        inner = f"{_line(draw)}  {inner}\n{_line(draw)}"
    return f'resource "terraform_data" "x{draw.randint(0, 10**9)}" {{\n  {inner}\n}}\n'


def _line(draw: Random) -> str:
    return f"input = {draw.choice(_VALUES)}\n" if draw.random() < 0.5 else _comment(draw)


def _piece(draw: Random) -> str:
    kind = draw.random()
    if kind < 0.3:
        return _comment(draw)
    return f"locals {{\n  a{draw.randint(0, 10**9)} = {_value(draw)}\n}}\n"


def _value(draw: Random) -> str:
    kind = draw.random()
    if kind < 0.2:
        return draw.choice(_VALUES)
    if kind < 0.5:
        return f'"{_text(draw, 4)}"'
    word = draw.choice(["EOF", "E-F", "_", "é", "E"])
    start = draw.choice(["<<", "<<-", "<<", "<<-", "<<~"]) + word + draw.choice(["\n", "\r\n", " \n", "\n"])
    lines = [_text(draw, 3) + draw.choice(_ENDS) for _ in range(draw.randint(0, 3))]
    before = draw.choice(["", "", "  ", draw.choice(_SPACES)])
    after = draw.choice(["", "", "", draw.choice(_SPACES), "x", " }", ","])
    closing = [f"{before}{word}{after}\n"] if draw.random() < 0.9 else []
    again = [f"{word}\n"] if draw.random() < 0.3 else []
    return start + "".join([*lines, *closing, *again])


def _text(draw: Random, most: int) -> str:
    return "".join(
        draw.choice(_TEXTS if draw.random() < 0.8 else _SPACES) for _ in range(draw.randint(0, most))
    )


def _comment(draw: Random) -> str:
    text = _text(draw, 3)
    if draw.random() < 0.5:
        return draw.choice(["#", "//"]) + text + draw.choice(_ENDS)
    return "/*" + text + draw.choice(["*/", "**/", "/*/", "*/", ""]) + draw.choice(_ENDS)
