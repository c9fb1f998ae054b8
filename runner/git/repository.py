"""A clone: its branches, commits, remotes and who signs in it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from runner.errors import AskedWrongly, NoAnswer
from runner.git.command import GitAnswer, GitCommand, Starter, git_failed, started, without_credentials
from runner.git.listing import Listings
from runner.git.objects import Objects

_LOOKED_AT = ("HEAD", "refs/heads/*", "refs/runner/*")
_BRANCH = "ref: refs/heads/"
_FALLBACK_NAME, _FALLBACK_EMAIL = "gitops-runner", "gitops-runner@localhost"


class SigningSetup(Struct, frozen=True, kw_only=True):
    """How commits are signed here. `format`: ssh | openpgp | x509; `key` as in user.signingkey (may be empty for
    openpgp: then the email chooses); `commits`: commit.gpgsign."""

    format: str
    key: str
    commits: bool


class Merge(Struct, frozen=True, kw_only=True):
    """What merging two commits gives: `tree` (with conflict markers where there are `conflicts`, the paths)."""

    tree: str
    conflicts: tuple[str, ...]


class _There(Struct, frozen=True, kw_only=True):
    """What a remote said: ref -> commit, and the branch that its HEAD names, where it was asked for and says so."""

    refs: Mapping[str, str]
    default: str


def checked_branch(name: str) -> str:
    """`name`, if it can be a branch. AskedWrongly `bad-branch-name` otherwise."""
    forbidden = re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)", name)
    if not name or forbidden or name.startswith(("-", ".", "/")) or name.endswith(("/", ".")) or name == "@":
        raise AskedWrongly.of(
            "bad-branch-name", f"{name!r} cannot be a branch", hint="name an existing branch"
        )
    return name


class Repository:
    """One clone, or one of its work trees. Make it with `open`; `close` ends the process that it keeps."""

    def __init__(self, command: GitCommand, root: Path, git_directory: Path, objects: Objects) -> None:
        self.command = command
        self.root = root
        self.git_directory = git_directory
        self.objects = objects
        self.listings = Listings(command)
        self._written: Mapping[str, str] | None = None
        self._seen_there: dict[str, _There] | None = None

    @classmethod
    def open(cls, path: Path, *, network_timeout: float = 60.0, starter: Starter = started) -> Repository:
        """The clone that `path` (a directory) lies in. AskedWrongly `not-a-repository`."""
        if not path.is_dir():
            raise AskedWrongly.of("not-a-repository", f"`{path}` is not a directory", hint="give -C DIR")
        command = GitCommand(path, network_timeout=network_timeout, starter=starter)
        answer = command.run(
            "rev-parse",
            "--path-format=absolute",
            "--git-common-dir",
            "--show-object-format",
            "--show-toplevel",
        )
        found = answer.lines
        if len(found) == 2 and "must be run in a work tree" in answer.stderr:
            found.append(found[0])
        elif answer.status:
            hint = "run it inside a clone, or give -C DIR; `git init` starts a repository"
            words = (
                re.sub(r"^fatal: ", "", answer.stderr.splitlines()[0])
                if answer.stderr
                else "git does not say why"
            )
            raise AskedWrongly.of(
                "not-a-repository", f"`{path}` is not in a Git repository: {words}", hint=hint
            )
        directory, root = Path(found[0]), Path(found[2])
        command = GitCommand(root, network_timeout=network_timeout, starter=starter)
        return cls(command, root, directory, Objects(command, directory, found[1]))

    def close(self) -> None:
        """Ends the process that reads objects."""
        self.objects.close()

    def setting(self, name: str) -> str:
        """One value of Git's configuration, or empty; all are read once."""
        return self._configured().get(name, "")

    def remotes(self) -> tuple[str, ...]:
        """The names of the configured remotes, sorted."""
        named = (key.removeprefix("remote.").rpartition(".")[0] for key in self._configured("remote."))
        return tuple(sorted({name for name in named if name and not name.startswith("/")}))

    def remote_url(self, name: str) -> str:
        """Where fetches from `name` go, after url.*.insteadOf. AskedWrongly `no-such-remote`."""
        answer = self.command.run("remote", "get-url", "--", self.checked_remote(name))
        return answer.lines[0] if answer.lines else ""

    def checked_remote(self, name: str) -> str:
        """`name`, if it is a configured remote. AskedWrongly `no-such-remote` otherwise."""
        known = self.remotes()
        if name not in known:
            there = f"there is {', '.join(known)}" if known else "this clone has no remote"
            raise AskedWrongly.of(
                "no-such-remote", f"no remote is called `{name}`; {there}", hint="`git remote add`"
            )
        return name

    def head(self) -> str:
        """The checked-out commit; empty in a repository without one."""
        return self._maybe("HEAD^{commit}")

    def branch(self) -> str:
        """The checked-out branch (its short name), also when it has no commit yet; empty when HEAD is detached."""
        answer = self.command.run("symbolic-ref", "--quiet", "HEAD")
        return os.fsdecode(answer.stdout).strip().removeprefix("refs/heads/")

    def branches(self) -> Mapping[str, str]:
        """Local branches: short name -> commit."""
        return self._refs_below("refs/heads/")

    def default_branch(self, remote: str = "") -> str:
        """The default branch's short name: the remote's HEAD as known here, else as the remote says, else the only
        local branch; empty when nothing tells. NoAnswer when the remote must be asked and cannot be."""
        if remote:
            known = self.command.run(
                "symbolic-ref", "--quiet", f"refs/remotes/{self.checked_remote(remote)}/HEAD"
            )
            if known.status == 0:
                return os.fsdecode(known.stdout).strip().removeprefix(f"refs/remotes/{remote}/")
            if asked := self._listing(remote, ("HEAD",)).default:
                return asked
        local = tuple(self.branches()) or tuple(filter(None, (self.branch(),)))
        return local[0] if len(local) == 1 else ""

    def resolve(self, revision: str) -> str:
        """The commit that a user's word means. AskedWrongly `no-such-commit`."""
        commit = self._maybe(f"{revision}^{{commit}}")
        if not commit:
            hint = "`git fetch` what is missing; in a shallow clone `git fetch --unshallow`"
            raise AskedWrongly.of(
                "no-such-commit", f"there is no commit `{revision}` in this clone", hint=hint
            )
        return commit

    def tree_of(self, treeish: str) -> str:
        """The tree of a commit (or of a tree). AskedWrongly `no-such-commit`."""
        tree = self._maybe(f"{treeish}^{{tree}}")
        return tree or self.resolve(treeish)

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Whether `descendant` contains `ancestor`; a commit contains itself."""
        answer = self.command.run(
            "merge-base", "--is-ancestor", self.resolve(ancestor), self.resolve(descendant)
        )
        return answer.status == 0

    def merge_base(self, one: str, other: str) -> str:
        """The best common ancestor; empty when the histories are unrelated. AskedWrongly `history-shallow` when there
        is none because the clone is shallow."""
        found = self.command.run("merge-base", self.resolve(one), self.resolve(other)).lines
        if not found and (self.git_directory / "shallow").exists():
            message = f"this clone is too shallow to hold the common ancestor of {one[:12]} and {other[:12]}"
            raise AskedWrongly.of(
                "history-shallow", message, hint="`git fetch --unshallow`, or fetch-depth: 0 in CI"
            )
        return found[0] if found else ""

    def commits_between(self, since: str, head: str, paths: Sequence[str] = ()) -> tuple[str, ...]:
        """Commits that `head` contains and `since` (empty: nothing) does not, newest first; with `paths` (files or
        directories), only those that touch one of them."""
        excluded = [f"^{self.resolve(since)}"] if since else []
        return tuple(
            self.command.output("rev-list", self.resolve(head), *excluded, "--", *paths).decode().split()
        )

    def fetch_branch(self, remote: str, branch: str) -> str:
        """Fetches one branch and gives its commit. NoAnswer; AskedWrongly `no-such-branch`."""
        source, kept = (
            f"refs/heads/{checked_branch(branch)}",
            f"refs/remotes/{self.checked_remote(remote)}/{branch}",
        )
        if self._seen_there is not None:
            there = self.refs_there(remote, (source,)).get(source)
            if there and there == self._maybe(f"{kept}^{{commit}}"):
                return there
        return self._fetched(remote, source, kept)

    @contextmanager
    def one_look(self) -> Iterator[None]:
        """Inside, each remote is asked once which branches and which refs of ours it has: for who only looks, all is of
        one moment, and costs one connection where nothing is new."""
        before, self._seen_there = self._seen_there, {}
        try:
            yield
        finally:
            self._seen_there = before

    def refs_there(self, remote: str, patterns: Sequence[str], *, anew: bool = False) -> Mapping[str, str]:
        """Ref -> commit of what `remote` has, at least all that matches `patterns` (full names, or prefixes that end in
        `*`; of branches and of refs/runner/). `anew`: also within one look. NoAnswer."""
        return self._listing(remote, patterns, anew=anew).refs

    def fetch_ref(self, remote: str, ref: str) -> str:
        """Fetches any ref (`refs/pull/7/head`) and gives its commit. NoAnswer; AskedWrongly `no-such-branch`."""
        kept = f"refs/gitops-runner/fetched/{self.checked_remote(remote)}/{checked_branch(ref).removeprefix('refs/')}"
        return self._fetched(remote, ref, kept)

    def remote_branch(self, remote: str, branch: str) -> str | None:
        """The commit of a remote's branch as last fetched."""
        return self._maybe(f"refs/remotes/{remote}/{checked_branch(branch)}^{{commit}}") or None

    def signing(self) -> SigningSetup | None:
        """How commits are signed here; None where nothing is set up."""
        key, commits = self.setting("user.signingkey"), _is_true(self.setting("commit.gpgsign"))
        return (
            SigningSetup(format=self.setting("gpg.format") or "openpgp", key=key, commits=commits)
            if key or commits
            else None
        )

    def user_email(self) -> str:
        """user.email, or empty."""
        return self.setting("user.email")

    def identity(self) -> str:
        """`Name <email>` that new commits carry: the user's, else the runner's own. Never a guess from the host."""
        return self.known_identity() or f"{_FALLBACK_NAME} <{_FALLBACK_EMAIL}>"

    def known_identity(self) -> str:
        """`Name <email>` as Git has been told; empty where it has not."""
        answer = self.command.run("-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT")
        found = re.match(r"(.*<.*>) \d+ [+-]\d+$", os.fsdecode(answer.stdout).strip())
        return found[1] if found and not answer.status else ""

    def commit_tree(self, tree: str, parents: Sequence[str], message: str, *, sign: bool = False) -> str:
        """Writes a commit. AskedWrongly `signing-failed`, in the words of the signing program."""
        found = re.fullmatch(r"(.*?) ?<(.*)>", self.identity())
        name, email = (found[1], found[2]) if found else (_FALLBACK_NAME, _FALLBACK_EMAIL)
        env = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", name), ("EMAIL", email))
        }
        arguments = [
            "commit-tree",
            *(["-S"] if sign else ["--no-gpg-sign"]),
            *(f"-p{parent}" for parent in parents),
            tree,
        ]
        answer = self.command.run(*arguments, stdin=os.fsencode(message), env=env, terminal=sign)
        if answer.status and sign:
            words = answer.stderr or "the signing program does not say why"
            raise AskedWrongly.of(
                "signing-failed", f"the commit could not be signed: {words}", hint="`git commit -S` must work"
            )
        if answer.status:
            raise git_failed(arguments, answer)
        return answer.stdout.decode().strip()

    def merge_tree(self, ours: str, theirs: str) -> Merge:
        """Merges two commits without touching the work tree. AskedWrongly `not-mergeable`."""
        one, other = self.resolve(ours), self.resolve(theirs)
        answer = self.command.run(
            "merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", one, other
        )
        if answer.status not in (0, 1) or not answer.stdout:
            self.merge_base(one, other)
            raise AskedWrongly.of(
                "not-mergeable",
                f"{ours[:12]} and {theirs[:12]} cannot be merged: {answer.stderr}",
                hint="Git 2.38 or newer is needed",
            )
        tree, *conflicts = os.fsdecode(answer.stdout).split("\0")
        return Merge(tree=tree.strip(), conflicts=tuple(dict.fromkeys(filter(None, conflicts))))

    def _configured(self, prefix: str = "") -> Mapping[str, str]:
        """Git's configuration: name -> last value. The variable's part of a name is in lower case."""
        if self._written is None:
            items = os.fsdecode(self.command.output("config", "--list", "-z")).split("\0")
            pairs = (item.partition("\n") for item in items if item)
            self._written = {name: value if line else "true" for name, line, value in pairs}
        return {name: value for name, value in self._written.items() if name.startswith(prefix)}

    def _maybe(self, revision: str) -> str:
        return self.objects.named(revision)

    def _refs_below(self, prefix: str) -> Mapping[str, str]:
        lines = self.command.output("for-each-ref", "--format=%(objectname) %(refname)", prefix)
        pairs = (line.split(" ", 1) for line in os.fsdecode(lines).splitlines())
        return {name.removeprefix(prefix): oid for oid, name in pairs}

    def _fetched(self, remote: str, source: str, kept: str) -> str:
        answer = self.command.network(
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-prune",
            "--no-write-fetch-head",
            "--",
            remote,
            f"+{source}:{kept}",
        )
        if "couldn't find remote ref" in answer.stderr:
            raise AskedWrongly.of(
                "no-such-branch",
                f"`{remote}` has no `{source}`",
                hint=f"`git ls-remote {remote}` lists what there is",
            )
        if answer.status:
            raise remote_refused(remote, answer)
        return self.resolve(kept)

    def _listing(self, remote: str, patterns: Sequence[str], *, anew: bool = False) -> _There:
        looked = self._seen_there
        if looked is not None and not anew and remote in looked:
            return looked[remote]
        asked = patterns if looked is None else _LOOKED_AT
        lines = self._asked(remote, "ls-remote", "--symref", "--", remote, *asked).lines
        pairs = [(ref, value) for value, _, ref in (line.partition("\t") for line in lines)]
        default = next((value for ref, value in pairs if ref == "HEAD" and value.startswith(_BRANCH)), "")
        found = _There(
            refs={ref: value for ref, value in pairs if ref.startswith("refs/") and not ref.endswith("^{}")},
            default=default.removeprefix(_BRANCH),
        )
        if looked is not None:
            looked[remote] = found
        return found

    def _asked(self, remote: str, *arguments: str) -> GitAnswer:
        answer = self.command.network(*arguments)
        if answer.status:
            raise remote_refused(remote, answer)
        return answer


def _is_true(written: str) -> bool:
    """A boolean of Git's configuration; what is none is not believed."""
    return written.lower() in ("true", "yes", "on") or bool(re.fullmatch(r"[+-]?0*[1-9]\d*", written))


def remote_refused(remote: str, answer: GitAnswer) -> NoAnswer:
    """What to raise when a remote cannot be read."""
    words = without_credentials(answer.stderr) or f"status {answer.status}"
    return NoAnswer.of(
        "remote-unreachable", f"`{remote}` could not be read: {words}", hint="`git fetch` must work"
    )
