"""Turns submissions into commits on given heads: trees rewritten along the changed paths, no checkout, no index."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from runner.errors import RunnerError
from runner.git import Conflict, Edit, Pushed, Unsent
from runner.git.place import Move
from runner.git.repository import Repository
from runner.git.tree_editing import blob_at, edited_tree


class _Standing(Struct, frozen=True, kw_only=True):
    """A ref while a group is drafted. `before`: its head at the place; `tip`: the newest commit drafted on it; `tree`:
    with all drafted edits; `edited`: paths that earlier submissions of the group changed."""

    before: str | None
    tip: str | None
    tree: str
    chained: bool = False
    drafted: bool = False
    edited: frozenset[str] = frozenset()
    message: str = ""


class Placed(Struct, frozen=True, kw_only=True):
    """A submission that is in the draft. `tips` are complete for chains only: a replaced ref's commit comes last."""

    index: int
    tips: Mapping[str, str]
    refs: tuple[str, ...]
    blobs: Mapping[tuple[str, str], str]


class Draft(Struct, frozen=True, kw_only=True):
    """A group, ready to be moved. `denied`: index -> why not. Whoever is in neither waits for the rest of the group."""

    moves: tuple[Move, ...]
    placed: tuple[Placed, ...]
    denied: Mapping[int, Conflict | Unsent]

    def pushed(self, placed: Placed) -> Pushed:
        """What to tell one whose submission has arrived."""
        commits = {move.ref: move.commit for move in self.moves}
        heads = {ref: placed.tips.get(ref) or commits[ref] for ref in placed.refs}
        return Pushed(heads=heads, blobs=placed.blobs)


class Drafter:
    """Writes the objects of drafts into one clone."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._objects = repository.objects
        self._identity = ""

    def draft(self, submissions: Sequence[Sequence[Edit]], heads: Mapping[str, str]) -> Draft:
        """Applies submissions in order. One whose expectation fails is a conflict, and leaves no trace; unless an
        earlier one of the group changed what it expects: nothing is decided before that one has arrived."""
        standings: dict[str, _Standing] = {}
        placed: list[Placed] = []
        denied: dict[int, Conflict | Unsent] = {}
        for index, edits in enumerate(submissions):
            trial = dict(standings)
            answer: Placed | Conflict | Unsent
            try:
                answer = self._place(index, edits, trial, heads)
            except RunnerError as error:
                answer = Unsent(message=str(error))
            if isinstance(answer, Placed):
                standings = trial
                placed.append(answer)
            elif isinstance(answer, Conflict) and self._touched(standings.get(answer.ref), answer.path):
                break
            else:
                denied[index] = answer
        moves = tuple(
            self._move(ref, standing) for ref, standing in sorted(standings.items()) if standing.drafted
        )
        return Draft(moves=moves, placed=tuple(placed), denied=denied)

    def _place(
        self, index: int, edits: Sequence[Edit], trial: dict[str, _Standing], heads: Mapping[str, str]
    ) -> Placed | Conflict:
        for edit in edits:
            standing = trial.setdefault(edit.ref, self._standing(heads.get(edit.ref)))
            for path, expected in edit.expects.items():
                found = blob_at(self._objects, standing.tree, path)
                if found != expected:
                    return Conflict(ref=edit.ref, path=path, expected=expected, found=found)
        tips: dict[str, str] = {}
        blobs: dict[tuple[str, str], str] = {}
        refs = dict.fromkeys(edit.ref for edit in edits)
        for edit in edits:
            standing = trial[edit.ref]
            if edit.chained and not edit.message and not edit.changes:
                if standing.tip is None:
                    tips[edit.ref] = self._commit(self._objects.empty_tree, (), edit.opening, sign=edit.sign)
                    trial[edit.ref] = replace(standing, tip=tips[edit.ref], drafted=True, chained=True)
                continue
            ids = {
                path: None if new is None else self._objects.write("blob", new)
                for path, new in edit.changes.items()
            }
            blobs |= {(edit.ref, path): oid for path, oid in ids.items() if oid}
            tree = edited_tree(self._objects, standing.tree, ids)
            standing = replace(
                standing, tree=tree, drafted=True, edited=standing.edited | ids.keys(), message=edit.message
            )
            if edit.chained:
                standing = self._chain(standing, edit)
                tips[edit.ref] = standing.tip or ""
            trial[edit.ref] = standing
        return Placed(
            index=index, tips=tips, refs=tuple(ref for ref in refs if trial[ref].drafted), blobs=blobs
        )

    def _standing(self, head: str | None) -> _Standing:
        tree = self._objects.root(head) if head else self._objects.empty_tree
        return _Standing(before=head, tip=head, tree=tree)

    def _chain(self, standing: _Standing, edit: Edit) -> _Standing:
        tip = standing.tip or self._commit(self._objects.empty_tree, (), edit.opening, sign=edit.sign)
        commit = self._commit(standing.tree, (tip, *edit.parents), edit.message, sign=edit.sign)
        return replace(standing, tip=commit, chained=True)

    def _move(self, ref: str, standing: _Standing) -> Move:
        commit = standing.tip
        if not standing.chained or commit is None:
            # Without it two writers of one content in one second would make one commit, and both would believe that
            # it was theirs (facts/git.md).
            nonce = f"{standing.message}\n\nAttempt: {secrets.token_hex(16)}\n"
            commit = self._commit(standing.tree, (), nonce, sign=False)
        return Move(ref=ref, expected=standing.before, commit=commit)

    def _commit(self, tree: str, parents: Sequence[str], message: str, *, sign: bool) -> str:
        if sign:
            return self._repository.commit_tree(tree, parents, message, sign=True)
        self._identity = self._identity or self._repository.identity()
        who = f"{self._identity} {int(time.time())} +0000"
        lines = [
            f"tree {tree}",
            *(f"parent {parent}" for parent in parents),
            f"author {who}",
            f"committer {who}",
        ]
        text = "\n".join(lines) + "\n\n" + message.rstrip("\n") + "\n"
        return self._objects.write("commit", os.fsencode(text))

    @staticmethod
    def _touched(standing: _Standing | None, path: str) -> bool:
        if standing is None:
            return False
        return any(
            path == each or path.startswith(each.removesuffix("/") + "/") or each.startswith(path + "/")
            for each in standing.edited
        )
