"""A World whose commits, branches and merges are Git's, in a bare repository that people push to."""

from pathlib import Path

from tests.checkout import git, new_remote
from tests.forge.world import Commit, Pull, World


class GitWorld(World):
    """`root` has the repository; `heads` is where the forge keeps the head of a pull request (`refs/pull/{}/head`)."""

    def __init__(self, root: Path, heads: str) -> None:
        self.bare = new_remote(root / "acme" / "infra.git")
        self._heads = heads
        git("config", "http.receivepack", "true", cwd=self.bare)
        git("config", "uploadpack.allowAnySHA1InWant", "true", cwd=self.bare)
        super().__init__()

    def commit(self, by: str, parents: tuple[str, ...], tree: str = "", message: str = "a change") -> str:
        """A new commit; with its first parent's tree where none is given."""
        if not tree:
            tree = (
                git("rev-parse", f"{parents[0]}^{{tree}}", cwd=self.bare)
                if parents
                else git("write-tree", cwd=self.bare)
            )
        words = [word for parent in parents for word in ("-p", parent)]
        person = {
            f"GIT_{role}_{word}": value
            for role in ("AUTHOR", "COMMITTER")
            for word, value in (("NAME", by.title()), ("EMAIL", f"{by}@example.test"))
        }
        whole = f"{message}\n\n{self.id()}"
        sha = git("commit-tree", tree, *words, "-m", whole, cwd=self.bare, env=person)
        self.commits[sha] = Commit(sha, by, parents)
        return sha

    def push(self, branch: str, by: str) -> str:
        """See World, by the server's own hand."""
        start = self.branches.get((self.path, branch)) or self.branches[self.path, "main"]
        git("update-ref", f"refs/heads/{branch}", self.commit(by, (start,)), cwd=self.bare)
        self.received(by)
        return self.branches[self.path, branch]

    def received(self, by: str) -> None:
        """Somebody pushed: branches, pull requests and what is known of commits follow the repository."""
        listed = git(
            "for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads", cwd=self.bare
        )
        for sha, branch in (line.split(" ", 1) for line in listed.splitlines()):
            if self.branches.get((self.path, branch)) == sha:
                continue
            self._learn(sha, by)
            super()._moved(self.path, branch, sha, by)
            for pull in self.pulls.values():
                if pull.state == "open" and pull.branch == branch:
                    pull.versions.append((sha, self.now()))
                    self._keep_head(pull)

    def open(self, branch: str, by: str, title: str, *, draft: bool) -> int:
        """See World."""
        number = super().open(branch, by, title, draft=draft)
        self._keep_head(self.pulls[number])
        return number

    def merge(self, pull: Pull, by: str, kind: str) -> str:
        """As a merge commit, a squash, or each commit anew on the tip; fails the test where it conflicts."""
        tip = self.branches[self.path, "main"]
        if kind == "rebase":
            for one in self.commits_of(pull):
                # Older Gits take no merge base by name: what is ours so far, as if made on the commit's own parent.
                ours = git("rev-parse", f"{tip}^{{tree}}", cwd=self.bare)
                tree = self._merged(self.commit(by, one.parents[:1], ours), one.sha)
                tip = self.commit(one.by, (tip,), tree)
        else:
            parents = (tip,) if kind == "squash" else (tip, pull.head)
            tip = self.commit(by, parents, self._merged(tip, pull.head), f"{pull.title} (#{pull.number})")
        pull.squashed = kind == "squash"
        pull.merge_commit = tip
        pull.state, pull.merged_by, pull.closed_at = "merged", by, self.now()
        self._moved(self.path, "main", tip, by)
        return tip

    def _merged(self, ours: str, theirs: str) -> str:
        return git("merge-tree", "--write-tree", ours, theirs, cwd=self.bare)

    def _moved(self, repository: str, branch: str, sha: str, by: str) -> None:
        git("update-ref", f"refs/heads/{branch}", sha, cwd=self.bare)
        super()._moved(repository, branch, sha, by)

    def _keep_head(self, pull: Pull) -> None:
        git("update-ref", self._heads.format(pull.number), pull.head, cwd=self.bare)

    def _learn(self, sha: str, by: str) -> None:
        """Of every commit that is new here: by the account of its author's address, else by who pushed it."""
        known = [f"^{each}" for each in self.branches.values() if each in self.commits]
        for line in git("log", "--format=%H %ae %P", sha, *known, cwd=self.bare).splitlines():
            one, address, *parents = line.split(" ")
            login = address.partition("@")[0]
            self.commits.setdefault(
                one, Commit(one, login if login in self.people else by, tuple(p for p in parents if p))
            )
