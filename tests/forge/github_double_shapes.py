"""What the double of GitHub tells of each thing in its World: the parts that matter, the rest is made up."""

from datetime import datetime

from tests.forge.world import Commit, Judged, Pull, Reported, Said, World

_STATES = {
    "approved": "APPROVED",
    "changes-requested": "CHANGES_REQUESTED",
    "commented": "COMMENTED",
    "dismissed": "DISMISSED",
}


def moment(at: datetime | None) -> str | None:
    """As GitHub writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


class GitHubShapes:
    """Of one World."""

    def __init__(self, world: World) -> None:
        self.world = world

    @property
    def url(self) -> str:
        """Where the double answers."""
        raise AssertionError("the double knows")

    def told_person(self, login: str) -> dict[str, object]:
        """As GitHub has it."""
        someone = self.world.people[login]
        return {"login": login, "id": someone.id, "type": "Bot" if someone.bot else "User"}

    def told_end(self, repository: str, ref: str, sha: str) -> dict[str, object]:
        """As GitHub has it."""
        return {"ref": ref, "sha": sha, "repo": {"full_name": repository}}

    def told_pull(self, pull: Pull) -> dict[str, object]:
        """As GitHub has it."""
        world = self.world
        return {
            "number": pull.number,
            "title": pull.title,
            "state": "open" if pull.state == "open" else "closed",
            "user": self.told_person(pull.by),
            "draft": pull.draft,
            "labels": [{"name": name, "id": 1, "color": "ff0000", "default": False} for name in pull.labels],
            "head": self.told_end(pull.repository, pull.branch, pull.head),
            "base": self.told_end(world.path, "main", world.branches[world.path, "main"]),
            "merged_at": moment(pull.closed_at) if pull.state == "merged" else None,
            "merge_commit_sha": pull.merge_commit or "e" * 40,
            "updated_at": moment(pull.versions[-1][1]),
        }

    def told_commit(self, commit: Commit) -> dict[str, object]:
        """As GitHub has it."""
        person = {
            "name": commit.by.title(),
            "email": f"{commit.by}@example.test",
            "date": "2026-01-01T00:00:00Z",
        }
        words = {"author": person, "committer": person, "message": "a change", "comment_count": 0}
        text = {
            **words,
            "tree": {"sha": "f" * 40, "url": "https://example.test"},
            "url": "https://example.test",
        }
        account = self.told_person(commit.by)
        parents = [{"sha": each, "url": "https://example.test"} for each in commit.parents]
        return {
            "sha": commit.sha,
            "commit": text,
            "author": account,
            "committer": account,
            "parents": parents,
        }

    def told_review(self, review: Judged) -> dict[str, object]:
        """As GitHub has it."""
        return {
            "id": review.id,
            "user": self.told_person(review.by),
            "state": _STATES[review.state],
            "body": review.body,
            "commit_id": review.commit,
            "submitted_at": moment(review.at),
        }

    def told_comment(self, said: Said) -> dict[str, object]:
        """As GitHub has it."""
        return {
            "id": said.id,
            "node_id": f"IC_{said.id}",
            "body": said.body,
            "user": self.told_person(said.by),
            "created_at": moment(said.at),
            "updated_at": moment(said.changed_at),
            "issue_url": f"{self.url}/api/v3/repos/{self.world.path}/issues/{said.number}",
        }

    def told_run(self, made: Reported) -> dict[str, object]:
        """As GitHub has it."""
        words = made.words
        output = {"annotations_count": 0, "annotations_url": "https://example.test", "text": None}
        told = words.get("output", {})
        assert isinstance(told, dict)
        shown = {name: told.get(name) for name in ("title", "summary")}
        return {
            "id": made.id,
            "name": made.name,
            "head_sha": made.commit,
            "status": words.get("status", "queued"),
            "conclusion": words.get("conclusion"),
            "app": {"slug": made.by.removesuffix("[bot]"), "id": 5, "permissions": {}},
            "output": output | shown,
            "pull_requests": [],
        }

    def told_status(self, made: Reported) -> dict[str, object]:
        """As GitHub has it."""
        told = {"id": made.id, "context": made.name, "creator": self.told_person(made.by)}
        words = {name: made.words.get(name) for name in ("state", "description", "target_url")}
        return {**told, **words, "updated_at": moment(made.at)}
