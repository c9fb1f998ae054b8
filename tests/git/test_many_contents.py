"""Reading many files of one commit, as a record of a thousand targets is read."""

from __future__ import annotations

from runner.git.history import CloneHistory
from tests.git.clones import Remote, commit, write


def test_many_files_of_one_commit_are_read_as_few_are(remote: Remote) -> None:
    clone = remote.clone("ada")
    files = {f"targets/a%2Fb{number}/deployment.json": f"{number}\n" for number in range(40)}
    write(clone.root, {**files, "targets/plain": "a file\n"})
    head = commit(clone.root, "many")
    first = commit(clone.root, "nothing more")
    missing = ["targets/no/deployment.json", "targets/plain/deployment.json", "no/such", "targets"]
    places = [(head, path) for path in (*files, "targets/plain", *missing)]
    history = CloneHistory(clone)
    found = history.contents([*places, (first, "targets/plain"), *(("0" * 40, path) for path in files)])
    assert {path: content.decode() for (at, path), content in found.items() if at == head} == {
        **files,
        "targets/plain": "a file\n",
    }
    assert found[first, "targets/plain"] == b"a file\n"
    assert all(at in (head, first) for at, _ in found)
