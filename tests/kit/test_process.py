"""Children: streamed, timed, stopped, and never left behind."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from runner.errors import ToolUnavailable
from runner.kit.process import Command, Completed, Stop, run
from tests.waiting import until

PATIENCE = 20.0
ENVIRONMENT = {"PATH": os.defpath}


def shell(script: str, at: Path, **more: object) -> Command:
    return Command(argv=["/bin/sh", "-c", script], cwd=at, environment=ENVIRONMENT, **more)  # type: ignore[arg-type]


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def pid_in(file: Path) -> int:
    until(lambda: file.is_file() and file.read_text().endswith("\n"), f"{file.name} is written")
    return int(file.read_text())


def stopped_when(file: Path, stop: Stop, times: int = 1) -> threading.Thread:
    def ask() -> None:
        pid_in(file)
        for _ in range(times):
            stop.request("the test asked")

    asking = threading.Thread(target=ask)
    asking.start()
    return asking


def test_a_child_has_the_given_environment_and_no_other(tmp_path: Path) -> None:
    os.environ["CANARY_OF_THE_PARENT"] = "seen"
    done = run(Command(argv=["env"], cwd=tmp_path, environment={"PATH": os.defpath, "ONLY": "this"}))
    assert sorted(done.stdout.decode().split()) == [f"PATH={os.defpath}", "ONLY=this"][::-1]


def test_input_and_both_streams_may_be_larger_than_any_pipe(tmp_path: Path) -> None:
    size = 3 << 20
    echo = "import sys; b = sys.stdin.buffer.read(); sys.stderr.buffer.write(b); sys.stdout.buffer.write(b)"
    command = Command(
        argv=[sys.executable, "-I", "-S", "-c", echo],
        cwd=tmp_path,
        environment={},
        input=b"x" * size,
        timeout=60,
    )
    done = run(command)
    assert (done.code, len(done.stdout), len(done.stderr)) == (0, size, 1 << 20)


def test_stdout_is_kept_up_to_the_limit_and_the_rest_is_drained(tmp_path: Path) -> None:
    done = run(shell("yes | head -c 5000000; echo end >&2", tmp_path, limit=1000))
    assert (done.code, len(done.stdout), done.truncated, done.stderr) == (0, 1000, True, b"end\n")


def test_lines_arrive_while_the_child_still_runs(tmp_path: Path) -> None:
    lines: list[tuple[str, bytes]] = []

    def listen(stream: str, line: bytes) -> None:
        lines.append((stream, line))
        (tmp_path / "go").touch()

    script = "echo first; while [ ! -e go ]; do sleep 0.02; done; echo second >&2; printf unended"
    run(shell(script, tmp_path, timeout=PATIENCE), on_line=listen)
    assert sorted(lines) == [("stderr", b"second"), ("stdout", b"first"), ("stdout", b"unended")]


def test_a_line_without_an_end_is_handed_over_in_pieces(tmp_path: Path) -> None:
    sizes: list[int] = []
    run(shell("head -c 2500000 /dev/zero", tmp_path), on_line=lambda _, line: sizes.append(len(line)))
    assert sum(sizes) == 2500000
    assert max(sizes) <= 1 << 20


def test_a_timeout_interrupts_and_says_so(tmp_path: Path) -> None:
    done = run(shell("exec sleep 600", tmp_path, timeout=0.2))
    assert (done.code, done.timed_out, done.stopped) == (-signal.SIGINT, True, False)


def test_what_ignores_the_interrupt_is_killed_after_its_grace(tmp_path: Path) -> None:
    done = run(shell("trap '' INT; sleep 600 & wait; sleep 600", tmp_path, timeout=0.2, grace=0.2))
    assert (done.code, done.timed_out) == (-signal.SIGKILL, True)


def test_one_stop_is_one_interrupt_and_the_child_may_clean_up(tmp_path: Path) -> None:
    stop = Stop()
    asking = stopped_when(tmp_path / "pid", stop)
    script = "trap 'echo cleaned; exit 7' INT; echo $$ > pid; while :; do sleep 0.02; done"
    done = run(shell(script, tmp_path, timeout=PATIENCE), stop=stop)
    asking.join()
    assert (done.code, done.stdout, done.stopped, done.timed_out) == (7, b"cleaned\n", True, False)
    assert stop.because == "the test asked"


def test_two_stops_end_what_ignores_the_first(tmp_path: Path) -> None:
    stop = Stop()
    asking = stopped_when(tmp_path / "pid", stop, times=2)
    script = "trap '' INT; echo $$ > pid; while :; do sleep 0.02; done"
    begun = time.monotonic()
    done = run(shell(script, tmp_path, timeout=60), stop=stop)
    asking.join()
    assert (done.code, done.stopped) == (-signal.SIGKILL, True)
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize("own_group", ["", "set -m; "])
def test_a_grandchild_dies_with_a_stopped_child(tmp_path: Path, own_group: str) -> None:
    stop = Stop()
    asking = stopped_when(tmp_path / "pid", stop)
    script = f"{own_group}sleep 600 & echo $! > pid; trap 'exit 1' INT; while :; do sleep 0.02; done"
    run(shell(script, tmp_path, timeout=PATIENCE), stop=stop)
    asking.join()
    grandchild = int((tmp_path / "pid").read_text())
    until(lambda: not is_alive(grandchild), "the grandchild is gone")


def test_what_a_child_leaves_behind_is_killed_and_its_open_pipe_is_not_waited_for(tmp_path: Path) -> None:
    begun = time.monotonic()
    done = run(shell("sleep 600 & echo $! > pid; echo said", tmp_path, timeout=60))
    assert done.stdout == b"said\n"
    assert time.monotonic() - begun < 20
    grandchild = int((tmp_path / "pid").read_text())
    until(lambda: not is_alive(grandchild), "the grandchild is gone")


def test_a_failing_listener_leaves_no_child_behind(tmp_path: Path) -> None:
    def fail(_stream: str, line: bytes) -> None:
        raise ValueError(line.decode())

    with pytest.raises(ValueError, match=r"^\d+$") as failure:
        run(shell("echo $$; exec sleep 600", tmp_path), on_line=fail)
    assert not is_alive(int(str(failure.value)))


PARENT = """
import sys
from pathlib import Path
from runner.kit.process import Command, run
run(Command(argv=["/bin/sh", "-c", sys.argv[1]], cwd=Path(sys.argv[2]), environment={"PATH": "/usr/bin:/bin"},
            outlives_us=sys.argv[3] == "outlives"))
"""


@pytest.mark.parametrize("how", ["outlives", "does not"])
def test_a_killed_parent_interrupts_its_child(tmp_path: Path, how: str) -> None:
    script = "trap 'echo saying; echo saved > saved; exit 0' INT; echo $$ > pid; while :; do sleep 0.02; done"
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, script, str(tmp_path), how], env=parents_environment()
    ) as parent:
        child = pid_in(tmp_path / "pid")
        parent.kill()
        parent.wait()
    until(lambda: not is_alive(child), "the child is gone")
    if how == "outlives":
        assert (tmp_path / "saved").is_file(), "its broken stdout must not have killed it"


INTERRUPTING = """
import sys, threading
from pathlib import Path
from runner.kit.process import Command, Stop, run
stop = Stop()
threading.Thread(target=lambda: (input(), stop.request()), daemon=True).start()
script = "trap 'echo told >> told' INT; echo $$ > pid; while [ ! -e enough ]; do sleep 0.02; done; echo ended > ended"
run(Command(argv=["/bin/sh", "-c", script], cwd=Path(sys.argv[1]), environment={"PATH": "/usr/bin:/bin"}), stop=stop)
"""


def test_a_child_that_we_interrupted_is_not_interrupted_again_when_we_are_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTING, str(tmp_path)], env=parents_environment(), stdin=subprocess.PIPE
    ) as parent:
        child = pid_in(tmp_path / "pid")
        (beside,) = _children_of(parent.pid) - {child}
        watchdog = os.pidfd_open(beside)
        assert parent.stdin is not None
        parent.stdin.write(b"\n")
        parent.stdin.flush()
        until((tmp_path / "told").exists, "the child was interrupted")
        parent.kill()
        parent.wait()
    assert select.select([watchdog], [], [], PATIENCE)[0], "the watchdog outlived its last duty"
    os.close(watchdog)
    (tmp_path / "enough").touch()
    until(lambda: not is_alive(child), "the child is gone")
    assert (tmp_path / "ended").exists()
    assert (tmp_path / "told").read_text() == "told\n"


def _children_of(pid: int) -> set[int]:
    """Of its main thread."""
    return {int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def parents_environment() -> dict[str, str]:
    return {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": os.environ["PATH"]}


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolUnavailable) as failure:
        run(Command(argv=["no-such-program", "x"], cwd=tmp_path, environment=ENVIRONMENT))
    assert failure.value.diagnostics[0].code == "program-missing"
    assert "no-such-program" in str(failure.value)


def test_a_working_directory_that_is_not_there_is_no_crash(tmp_path: Path) -> None:
    with pytest.raises(ToolUnavailable):
        run(Command(argv=["true"], cwd=tmp_path / "gone", environment=ENVIRONMENT))


def test_a_descriptor_is_inherited_and_no_other(tmp_path: Path) -> None:
    with (tmp_path / "kept").open("w") as kept, (tmp_path / "other").open("w") as other:
        os.set_inheritable(other.fileno(), True)
        script = f"import os; os.write({kept.fileno()}, b'here'); os.write({other.fileno()}, b'there')"
        argv = [sys.executable, "-I", "-S", "-c", script]
        done = run(Command(argv=argv, cwd=tmp_path, environment={}, descriptors=(kept.fileno(),)))
    assert b"Bad file descriptor" in done.stderr
    assert (tmp_path / "kept").read_text() == "here"
    assert (tmp_path / "other").read_text() == ""


def test_many_threads_may_run_children_at_once(tmp_path: Path) -> None:
    found: list[Completed] = []
    threads = [
        threading.Thread(target=lambda n=n: found.append(run(shell(f"echo {n}", tmp_path))))
        for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(done.stdout) for done in found) == list(range(20))


def test_a_stop_rises_and_never_falls() -> None:
    stop = Stop()
    heard: list[int] = []
    with stop.listening(heard.append):
        assert not stop.wait(0)
        stop.request("first")
        stop.request("second")
        stop.request("third")
    assert (stop.level, stop.because, heard, stop.wait(0)) == (2, "first", [1, 2], True)
