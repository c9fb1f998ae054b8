"""Whatever stands in the files: believed, or all that is wrong, and nothing else."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from runner.config import FileKind
from runner.config.schema.checking import check
from runner.diagnostics import Severity
from tests.config.believing import CONTRACT, STACKS, mistakes

PIECES = [
    b"&a ", b"*a", b"!!str ", b"!x ", b"${", b"}", b"$${", b"{", b"}", b"[", b"]", b": ", b"- ", b"\n", b"\n  ", b"\t",
    b'"', b"'", b"|", b">", b"#", b"%", b"\xff", b"\xe2\x80\xa8", b"\x00", b"0x", b".nan", b"1e999", b"9" * 500,
    b"null", b"~", b"<<: ", b"? ", b"---\n", b"...\n", b"\\ud800", b'"\\0"', b"inputs: ", b"targets: ", b"stacks: ",
    b"removed: ", b"a" * 300, b"[]", b"{}",
]  # fmt: skip
KEYS = [
    "branch",
    "apply",
    "requires",
    "windows",
    "state",
    "key",
    "plans",
    "inputs",
    "targets",
    "stacks",
    "layout",
    "reads",
]
SEEDS = [(CONTRACT / name).read_bytes() for name in ("prod.yaml", "runner.yaml", "stack.yaml")]
CUTS = st.lists(
    st.tuples(st.integers(0, 6000), st.integers(0, 40), st.sampled_from(PIECES)), min_size=1, max_size=5
)


def tried(environment: bytes, runner: bytes, stack: bytes) -> None:
    files: dict[str, str | bytes] = {
        **STACKS,
        "environments/prod.yaml": environment,
        "environments/staging.yaml": "",
        "environments/shared.yaml": "",
        "runner.yaml": runner,
        "stacks/app/stack.yaml": stack,
    }
    for each in mistakes(files):
        assert each.severity is Severity.ERROR
        assert each.message
        assert each.span or each.code in ("stack-name-clash", "limit-targets", "branch-unknown")
        assert "\n" not in each.message


@settings(max_examples=200)
@given(st.binary(max_size=200), st.sampled_from([0, 1, 2]))
@example(b"&a [*a]", 0)
@example(b"? [a]\n: b", 1)
@example(b"inputs: {a: &x [*x]}", 0)
def test_any_bytes_are_believed_or_mistaken(content: bytes, place: int) -> None:
    files = [b"", b"", b""]
    files[place] = content
    tried(*files)


@settings(max_examples=300)
@given(st.sampled_from([0, 1, 2]), CUTS)
def test_a_mutated_example_is_believed_or_mistaken(place: int, cuts: list[tuple[int, int, bytes]]) -> None:
    files = list(SEEDS)
    for at, length, piece in cuts:
        start = at % (len(files[place]) + 1)
        files[place] = files[place][:start] + piece + files[place][start + length :]
    tried(*files)


@settings(max_examples=150)
@given(
    st.sampled_from(FileKind),
    st.dictionaries(
        st.sampled_from(KEYS),
        st.sampled_from(
            [
                "5",
                "x",
                "[]",
                "{}",
                "[x]",
                "{x: 1}",
                "[{x: 1}]",
                "{x: {y: 1}}",
                "[[1]]",
                "true",
                "-1.5",
                '""',
                "2026-01-01",
                "1h",
            ]
        ),
        max_size=4,
    ),
)
def test_wrong_shapes_are_mistakes_with_a_sentence(kind: FileKind, keys: dict[str, str]) -> None:
    text = "".join(f"{key}: {value}\n" for key, value in keys.items())
    for mistake in check(kind, "x.yaml", text.encode(), 1000).mistakes:
        assert mistake.diagnostic.span
        assert mistake.diagnostic.message
        assert "Input should" not in mistake.diagnostic.message
