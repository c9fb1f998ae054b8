"""A journal that was cut, by a crash or a full disk, loses the line that was cut and no other."""

import os
from pathlib import Path

from runner.kit.journal import LOG, Journal, is_held, read


def test_a_line_that_was_cut_spoils_no_later_one(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path / "run")
    journal.write({"event": "one"})
    journal.close()
    with (tmp_path / "run" / LOG).open("ab") as log:
        log.write(b'{"event": "tw')
    adopted = Journal.adopt(tmp_path / "run")
    assert adopted is not None
    adopted.write({"event": "three"})
    adopted.close()
    assert [line["event"] for line in read(tmp_path / "run")] == ["one", "three"]


def test_a_journal_is_held_until_every_inheritor_has_let_go(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path / "run")
    inherited = os.dup(journal.descriptor)
    journal.close()
    assert is_held(tmp_path / "run")
    assert Journal.adopt(tmp_path / "run") is None
    os.close(inherited)
    assert not is_held(tmp_path / "run")
