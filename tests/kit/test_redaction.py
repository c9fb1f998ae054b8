"""Secrets in every form, in text, bytes, JSON and streams."""

from __future__ import annotations

import base64
import html
import json
import textwrap
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.kit.redaction import Redactor

SECRET = 'k4na"ri&en/vogel<5e1f>+ü'
KEY = (
    "-----BEGIN KEY-----\n"
    + "\n".join(f"line{n}Zx9Qw8Er7Ty6Ui5Op4{n}" for n in range(4))
    + "\n-----END KEY-----\n"
)


def redactor_of(*secrets: str | bytes) -> Redactor:
    redactor = Redactor()
    for secret in secrets:
        redactor.add(secret, "env:PW")
    return redactor


def in_base64(before: bytes, secret: str) -> str:
    return base64.b64encode(before + secret.encode() + b" and after").decode()


FORMS = {
    "plain": SECRET,
    "json": json.dumps(SECRET),
    "json in UTF-8": json.dumps(SECRET, ensure_ascii=False),
    "json in json": json.dumps(json.dumps(SECRET)),
    "json of Go": json.dumps(SECRET, ensure_ascii=False)
    .replace("&", "\\u0026")
    .replace("<", "\\u003c")
    .replace(">", "\\u003e"),
    "url": quote(SECRET, safe=""),
    "url of a path": quote(SECRET),
    "form": quote_plus(SECRET),
    "hex": SECRET.encode().hex(),
    "html": html.escape(SECRET),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
    "base64 after 1": in_base64(b"a", SECRET),
    "base64 after 2": in_base64(b"ab", SECRET),
    "base64 after 3": in_base64(b"abc", SECRET),
    "wrapped": "\n".join(textwrap.wrap(base64.b64encode(SECRET.encode()).decode(), 7)),
    "wrapped in a frame": "\n│   ".join(textwrap.wrap(SECRET, 9)),
    "wrapped in JSON": json.dumps("\n".join(textwrap.wrap(base64.b64encode(SECRET.encode()).decode(), 7))),
    "spelled": "-".join(SECRET),
    "spelled as a list": json.dumps(list("kanarienvogel5e1f"), indent=4),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_found_in_the_form(form: str) -> None:
    redactor = redactor_of(SECRET, "kanarienvogel5e1f")
    found = redactor.text(f"before {FORMS[form]} after")
    assert "[secret env:PW]" in found
    assert found.startswith("before ")
    assert found.endswith(" after")
    long_pieces = [FORMS[form][n : n + 8] for n in range(len(FORMS[form]) - 8)]
    harmless = ("and after", "IGFuZCB")  # what stood behind the secret may stay
    left = [piece for piece in long_pieces if piece in found and not any(word in piece for word in harmless)]
    assert not left or form.startswith("base64 after"), f"still there: {left}"


def test_what_stands_around_a_secret_in_base64_tells_less_than_a_byte_of_it() -> None:
    for before in (b"", b"a", b"ab", b"abc"):
        found = redactor_of(SECRET).text(in_base64(before, SECRET))
        head, tail = found.split("[secret env:PW]")
        assert len(head) <= 4 * (len(before) + 2) // 3 + 1
        assert len(tail) <= len(base64.b64encode(b" and after")) + 3


def test_each_line_of_a_long_secret_is_a_secret_and_its_frame_is_not() -> None:
    redactor = redactor_of(KEY)
    assert redactor.text("x line2Zx9Qw8Er7Ty6Ui5Op42 y") == "x [secret env:PW] y"
    assert redactor.text("-----BEGIN KEY-----") == "-----BEGIN KEY-----"
    assert "Zx9Qw8" not in redactor.text(json.dumps({"key": KEY}))


def test_a_short_secret_is_found_only_where_it_is_the_whole_value() -> None:
    redactor = redactor_of("abc")
    assert redactor.text("abc") == "[secret env:PW]"
    assert redactor.text(" abc\n") == " [secret env:PW]\n"
    assert redactor.text("abcd abc") == "abcd abc"


def test_an_empty_secret_is_ignored() -> None:
    assert redactor_of("", " \n").text("a b") == "a b"


def test_json_keeps_its_shape() -> None:
    redactor = redactor_of(SECRET, "12345678")
    value = {"a": [SECRET, 1, True, None], SECRET: {"b": f"x{SECRET}"}, "pin": 12345678, "n": 1.5}
    assert redactor.json(value) == {
        "a": ["[secret env:PW]", 1, True, None],
        "[secret env:PW]": {"b": "x[secret env:PW]"},
        "pin": "[secret env:PW]",
        "n": 1.5,
    }


def test_bytes_that_are_no_text_stay_and_may_be_secret() -> None:
    redactor = redactor_of(b"\xff\xfe\x00key\x80")
    assert redactor.bytes(b"\x80 \xff\xfe\x00key\x80 \x81") == b"\x80 [secret env:PW] \x81"
    assert redactor.text(base64.b64encode(b"\xff\xfe\x00key\x80").decode()) == "[secret env:PW]"


def test_a_label_cannot_break_what_it_stands_in() -> None:
    redactor = Redactor()
    redactor.add(SECRET, 'env:"]}\n')
    assert redactor.text(SECRET) == "[secret env:_]_]" or '"' not in redactor.text(SECRET)
    assert "\n" not in redactor.text(SECRET)


@given(st.lists(st.text("abcdefgh0123", min_size=8, max_size=30), min_size=1, max_size=30), st.data())
def test_no_secret_is_left_however_many_there_are(secrets: list[str], draw: st.DataObject) -> None:
    redactor = redactor_of(*secrets)
    chosen = draw.draw(st.lists(st.sampled_from(secrets), min_size=1, max_size=5))
    text = " ".join(f"<{secret}>" for secret in chosen)
    found = redactor.text(text)
    assert not any(secret in found for secret in secrets)


@given(st.data())
def test_a_stream_finds_a_secret_wherever_it_is_cut(draw: st.DataObject) -> None:
    text = f"before {SECRET} between {base64.b64encode(SECRET.encode()).decode()} after kanar\n"
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    stream = redactor_of(SECRET).stream()
    shown = [stream.feed(text[start:end]) for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    shown.append(stream.flush())
    assert "".join(shown) == "before [secret env:PW] between [secret env:PW] after kanar\n"


def test_a_stream_finds_a_secret_that_lines_share() -> None:
    stream = redactor_of(SECRET).stream()
    shown = [stream.feed(f"a {SECRET[:9]}\n"), stream.feed(f"  {SECRET[9:]} b\n"), stream.flush()]
    assert "".join(shown) == "a [secret env:PW] b\n"


def test_a_stream_does_not_hold_back_what_is_harmless() -> None:
    assert redactor_of(SECRET).stream().feed("a line\n") == "a line\n"
