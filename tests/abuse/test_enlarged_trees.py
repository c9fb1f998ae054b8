"""What a stranger can enlarge has a limit that is named (law 14): a bomb ends soon, in a sentence, in no traceback."""

from __future__ import annotations

import time
from collections.abc import Mapping

import pytest

from tests.checkout import Checkout
from tests.program import Program

BEGINNING = {
    "runner.yaml": "ledger: {remote: none}\n",
    "environments/prod.yaml": "",
    "stacks/app/main.tf": 'resource "terraform_data" "it" {\n}\n',
}
ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 12)
)
NESTED_HCL = "locals {\n  deep = " + "[" * 400 + "1" + "]" * 400 + "\n}\n" + "x {\n" * 400 + "}\n" * 400
BOMBS: Mapping[str, Mapping[str, str]] = {
    "aliases of aliases": {"environments/prod.yaml": ALIASES},
    "aliases in inputs": {
        "environments/prod.yaml": "inputs:\n" + "".join(f"  {line}\n" for line in ALIASES.splitlines())
    },
    "ten megabytes": {"environments/prod.yaml": "inputs:\n" + "  a: " + "x" * 99 + "\n" + "#" * 10_000_000},
    "a million keys": {
        "environments/prod.yaml": "inputs:\n" + "".join(f"  k{n}: 1\n" for n in range(300_000))
    },
    "deep lists": {"environments/prod.yaml": "inputs: {a: " + "[" * 5000 + "]" * 5000 + "}\n"},
    "deep mappings": {"runner.yaml": "".join(" " * n + "a:\n" for n in range(3000))},
    "2,001 targets": {f"stacks/s{n}/main.tf": "" for n in range(2001)},
    "a number": {"environments/prod.yaml": f"inputs: {{a: {'9' * 100_000}}}\n"},
    "a pattern": {"environments/prod.yaml": "stacks: ['" + "*a" * 5000 + "']\n"},
}


def _committed(repository: Checkout, files: Mapping[str, str | bytes | None]) -> None:
    repository.commit({**BEGINNING, **files})


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_is_too_much_is_named_and_nothing_is_begun(
    repository: Checkout, run_runner: Program, bomb: str
) -> None:
    _committed(repository, BOMBS[bomb])
    begun = time.monotonic()
    ran = run_runner("preview", "prod", cwd=repository.path, seconds=60)
    spent = time.monotonic() - begun
    assert ran.code == 2, ran
    assert "Traceback" not in ran.stderr
    assert "error[" in ran.stderr
    assert len(ran.stderr) < 20_000, "a bomb is not printed"
    assert spent < 30, "a limit is met before it hurts"
    if bomb == "2,001 targets":
        assert "2,000" in ran.stderr or "2000" in ran.stderr


@pytest.mark.parametrize("verb", [("graph", "prod"), ("status",), ("preview", "prod")])
def test_code_that_is_nested_without_end_is_no_bug_of_ours(
    repository: Checkout, run_runner: Program, terraform_binary: object, verb: tuple[str, ...]
) -> None:
    _committed(repository, {"stacks/app/main.tf": NESTED_HCL})
    ran = run_runner(*verb, cwd=repository.path, seconds=60)
    assert ran.code in (0, 1, 2), ran
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("name", ["runner.yaml", "environments/prod.yaml", "stacks/app/stack.yaml"])
@pytest.mark.parametrize("kind", ["directory", "link out", "link to nothing", "link in", "loop"])
def test_a_configuration_that_is_no_file_is_said(
    repository: Checkout, run_runner: Program, name: str, kind: str
) -> None:
    place = repository.path / name
    repository.write({path: text for path, text in BEGINNING.items() if path != name})
    place.parent.mkdir(parents=True, exist_ok=True)
    match kind:
        case "directory":
            repository.write({f"{name}/inner.txt": "x"})
        case "link out":
            place.symlink_to("/etc/passwd")
        case "link to nothing":
            place.symlink_to("nowhere.yaml")
        case "loop":
            place.symlink_to(place.name)
        case _:
            repository.write({"real.yaml": "no-such-key: 1\n"})
            place.symlink_to("../" * name.count("/") + "real.yaml")
    repository.commit()
    ran = run_runner("preview", "prod", cwd=repository.path)
    assert ran.code == 2, ran
    assert "Traceback" not in ran.stderr
    assert "root:" not in ran.stdout + ran.stderr
    assert name in ran.stderr, "the place is named"
