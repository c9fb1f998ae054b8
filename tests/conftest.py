"""What every test stands on: the nets, the real parts, a repository with a remote, and the program itself."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import settings

from tests.checkout import Checkout, new_clone, new_remote
from tests.components.fixtures import (
    aws_environment,
    aws_provider,
    embedded_terraform,
    gitea_server,
    github_openapi,
    github_payloads,
    local_provider,
    moto_server,
    provider_mirror,
    pulumi_binary,
    terraform_binary,
    tofu_binary,
)
from tests.nets import leftovers, loopback, scrubbing, skips, soak
from tests.program import Program

__all__ = [
    "aws_environment",
    "aws_provider",
    "embedded_terraform",
    "gitea_server",
    "github_openapi",
    "github_payloads",
    "local_provider",
    "moto_server",
    "provider_mirror",
    "pulumi_binary",
    "terraform_binary",
    "tofu_binary",
]

# While this file is imported: before anything under test is, and in each worker.
ROOT = scrubbing.scrub()
loopback.watch()

settings.register_profile("house", deadline=None, database=None, print_blob=True)
settings.load_profile("house")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Properties are tried with the commit's own numbers: what CI finds, everybody finds. Whoever was started in the
    background of a script was told to ignore Ctrl-C, and so would be all that the tests start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.getoption("hypothesis_seed", None) is None:
        config.option.hypothesis_seed = str(soak.seed("hypothesis"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is repeated in rounds belongs to the soak, before `-m soak` selects."""
    for item in items:
        if "rounds" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.soak)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """After all else is said: what still runs, which fails the session, and last what was skipped."""
    yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if hasattr(session.config, "workerinput"):  # the session that started this worker looks, and speaks
        return
    places = [ROOT, session.config._tmp_path_factory.getbasetemp()]  # type: ignore[attr-defined]
    running = leftovers.leftovers(places)
    for left in running:
        leftovers.end(left)
    if running:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if reporter is None:
        return
    for left in running:
        reporter.write_line(f"still running at the end, and killed: {left.arguments}", red=True)
    skipped = [(report.nodeid, report.longrepr[2]) for report in reporter.stats.get("skipped", [])]
    for line in skips.spoken(skipped):
        reporter.write_line(line, yellow=True)
    if line := skips.pulumi(*_of_pulumi(reporter.stats)):
        reporter.write_line(line)


def _of_pulumi(stats: Mapping[str, list[pytest.TestReport]]) -> tuple[list[str], int]:
    """Of the tests that are marked so: why each of those was skipped that were, and how many ran."""
    skipped = [each for each in stats.get("skipped", []) if "pulumi" in each.keywords]
    ran = [
        each
        for outcome in ("passed", "failed", "error")
        for each in stats.get(outcome, [])
        if each.when == "call" and "pulumi" in each.keywords
    ]
    return [each.longrepr[2] for each in skipped if isinstance(each.longrepr, tuple)], len(ran)


@pytest.fixture(autouse=True)
def nets() -> Iterator[None]:
    """Around each test: HOME is empty before it, the environment is as it was after it, and no network was tried."""
    before = dict(os.environ)
    _empty(ROOT / "home")
    loopback.refused.clear()
    yield
    for name in set(os.environ) - set(before):
        if name != "PYTEST_CURRENT_TEST":
            del os.environ[name]
    os.environ.update({name: value for name, value in before.items() if os.environ.get(name) != value})
    assert not loopback.refused, f"the network was tried: {loopback.refused}"


@pytest.fixture
def home() -> Path:
    """The HOME of the test and of what it starts: empty, and emptied again before the next."""
    return ROOT / "home"


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> Callable[[int], Iterator[soak.Round]]:
    """`for turn in rounds(200)`: a tenth of them in `make test`, all in `make soak`, which can be interrupted."""
    test = request.node.nodeid
    return lambda full: soak.rounds_of(test, full, journal=soak.journal_of(test))


@pytest.fixture
def git_remote(tmp_path: Path) -> Path:
    """A bare repository whose branch is `main`; nothing is in it."""
    return new_remote(tmp_path / "remote.git")


@pytest.fixture
def repository(git_remote: Path, tmp_path: Path) -> Checkout:
    """A clone of `git_remote` with one commit on `main`, which is pushed."""
    clone = new_clone(git_remote, tmp_path / "clone")
    clone.git("symbolic-ref", "HEAD", "refs/heads/main")
    clone.commit({"README.md": "infrastructure\n"}, "begin")
    clone.git("push", "--quiet", "--set-upstream", "origin", "main")
    return clone


@pytest.fixture
def run_runner() -> Iterator[Program]:
    """`run_runner("status", cwd=clone)` → code, stdout, stderr; `run_runner.start(…)` for one that is to be killed."""
    program = Program()
    yield program
    program.end()


def _empty(directory: Path) -> None:
    for entry in directory.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
