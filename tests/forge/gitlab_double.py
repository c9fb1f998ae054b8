"""A GitLab of ours on loopback, with a memory; what it is asked and answers is held to GitLab's documentation."""

from datetime import datetime

from tests.forge.gitlab_shapes import mistakes
from tests.forge.loopback_forge import LoopbackForge, Reply, Request, page
from tests.forge.world import NOTHING, Pull, Reported, Said, Someone, World

_PROJECT = "/api/v4/projects/{project}"
_MERGE = f"{_PROJECT}/merge_requests/{{iid}}"
_LEVELS = {"read": 20, "write": 30, "admin": 40}
_MISSING = Reply(404, {"message": "404 Not found"})


def moment(at: datetime | None) -> str | None:
    """As GitLab writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z") if at else None


class GitLabDouble:
    """Routes over a World. `robot[bot]` has a bot's name of GitLab's kind here: `project_1_bot`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.dated = True  # whether approvals say when
        robot = world.people.pop("robot[bot]")
        world.rights["project_1_bot"] = world.rights.pop("robot[bot]")
        world.people["project_1_bot"] = Someone("project_1_bot", robot.id, robot.token, bot=True)
        self.server = LoopbackForge(mistakes)
        for method, path, answer in (
            ("GET", "/api/v4/user", self.user),
            ("GET", "/api/v4/job", self.job),
            ("GET", "/api/v4/users", self.users),
            ("GET", "/api/v4/personal_access_tokens/self", self.token),
            ("POST", "/api/graphql", self.graph),
            ("GET", _PROJECT, self.project),
            ("GET", f"{_PROJECT}/merge_requests", self.pulls),
            ("GET", _MERGE, self.pull),
            ("PUT", f"{_MERGE}/merge", self.merge),
            ("GET", f"{_MERGE}/commits", self.commits),
            ("GET", f"{_MERGE}/approvals", self.approvals),
            ("GET", f"{_MERGE}/reviewers", self.reviewers),
            ("GET", f"{_MERGE}/versions", self.versions),
            ("GET", f"{_MERGE}/notes", self.notes),
            ("POST", f"{_MERGE}/notes", self.write_note),
            ("GET", f"{_MERGE}/notes/{{id}}", self.note),
            ("PUT", f"{_MERGE}/notes/{{id}}", self.edit_note),
            ("GET", f"{_PROJECT}/repository/commits/{{sha}}/merge_requests", self.pulls_of),
            ("GET", f"{_PROJECT}/events", self.events),
            ("GET", f"{_PROJECT}/members/all/{{user}}", self.member),
            ("GET", "/api/v4/groups/{group}/members/all/{user}", self.group_member),
            ("GET", f"{_PROJECT}/repository/commits/{{sha}}/statuses", self.statuses),
            ("POST", f"{_PROJECT}/statuses/{{sha}}", self.make_status),
            ("POST", f"{_PROJECT}/deployments", self.make_rollout),
            ("PUT", f"{_PROJECT}/deployments/{{id}}", self.move_rollout),
            ("GET", f"{_PROJECT}/repository/branches/{{branch}}", self.branch),
            ("GET", f"{_PROJECT}/protected_branches/{{branch}}", self.protection),
            ("GET", "/api/v4/groups/{group}", self.group),
            ("GET", f"{_PROJECT}/environments", self.environments),
            ("GET", f"{_PROJECT}/protected_environments/{{name}}", self.protected_environment),
        ):
            self.server.route(method, path, answer)

    def asking(self, request: Request) -> Someone:
        """Whose request it is."""
        token = request.headers.get("job-token") or request.headers.get("authorization", "").removeprefix(
            "Bearer "
        )
        found = self.world.holder(token)
        assert found
        return found

    def _person(self, login: str) -> dict[str, object]:
        someone = self.world.people[login]
        return {"id": someone.id, "username": login, "name": login.title(), "state": "active"}

    def user(self, request: Request) -> Reply:
        """Whose token it is."""
        someone = self.asking(request)
        return Reply(200, {**self._person(someone.login), "bot": someone.bot})

    def job(self, request: Request) -> Reply:
        """Whose job it is."""
        return Reply(200, {"id": 9, "user": self._person(self.asking(request).login)})

    def users(self, request: Request) -> Reply:
        """By name."""
        login = request.query["username"]
        return Reply(200, [self._person(login)] if login in self.world.people else [])

    def token(self, request: Request) -> Reply:
        """The token about itself."""
        scopes = self.world.scopes.get(self.asking(request).login, "api")
        if scopes is None:
            return _MISSING
        return Reply(200, {"id": 1, "scopes": scopes.split(), "active": True})

    def graph(self, request: Request) -> Reply:
        """The one question that we ask."""
        assert isinstance(request.body, dict)
        said = self.world.comment(int(request.body["variables"]["id"].rpartition("/")[2]))
        if said is None:
            return Reply(200, {"data": {"note": None}})
        editor = {"username": said.edits[-1][0]} if said.edits else None
        told = {"author": {"username": said.by}, "lastEditedBy": editor}
        return Reply(
            200, {"data": {"note": {**told, "lastEditedAt": moment(said.changed_at) if editor else None}}}
        )

    def project(self, request: Request) -> Reply:
        """With what the asking account may."""
        level = _LEVELS[self.world.rights[self.asking(request).login]]
        permissions = {
            "project_access": {"access_level": level, "notification_level": 3},
            "group_access": None,
        }
        told = {"id": 1, "path_with_namespace": self.world.path, "permissions": permissions}
        builds = "enabled" if self.world.pipelines else "disabled"
        green = bool(self.world.protections)
        return Reply(
            200, {**told, "builds_access_level": builds, "only_allow_merge_if_pipeline_succeeds": green}
        )

    def member(self, request: Request) -> Reply:
        """By number; 404 for who is none."""
        found = [each for each in self.world.people.values() if str(each.id) == request.parts["user"]]
        if not found or found[0].login not in self.world.rights:
            return _MISSING
        level = _LEVELS[self.world.rights[found[0].login]]
        return Reply(200, {**self._person(found[0].login), "access_level": level})

    def group_member(self, request: Request) -> Reply:
        """By number; 404 for who is none, and for a group that is not there."""
        found = [each.login for each in self.world.people.values() if str(each.id) == request.parts["user"]]
        if not found or found[0] not in self.world.teams.get(request.parts["group"], ()):
            return _MISSING
        return Reply(200, {**self._person(found[0]), "access_level": 30})

    # ------------------------------------------------------------------------------------ merge requests

    def _pull(self, pull: Pull) -> dict[str, object]:
        merged = pull.state == "merged"
        return {
            "id": 1000 + pull.number,
            "iid": pull.number,
            "title": f"Draft: {pull.title}" if pull.draft else pull.title,
            "state": {"open": "opened"}.get(pull.state, pull.state),
            "target_branch": "main",
            "source_branch": pull.branch,
            "target_project_id": 1,
            "source_project_id": 1 if pull.repository == self.world.path else 2,
            "sha": pull.head,
            "author": self._person(pull.by),
            "draft": pull.draft,
            "labels": pull.labels,
            "merge_commit_sha": pull.merge_commit if merged and not pull.squashed else None,
            "squash_commit_sha": pull.merge_commit if merged and pull.squashed else None,
            "merge_user": self._person(pull.merged_by) if merged else None,
            "merged_at": moment(pull.closed_at) if merged else None,
            "updated_at": moment(pull.versions[-1][1]),
            "detailed_merge_status": "checking",
            "diff_refs": {"base_sha": pull.into_commit, "head_sha": pull.head, "start_sha": pull.into_commit},
            "web_url": f"{self.server.url}/{self.world.path}/-/merge_requests/{pull.number}",
        }

    def _found(self, request: Request) -> Pull | None:
        return self.world.pulls.get(int(request.parts["iid"]))

    def pull(self, request: Request) -> Reply:
        """One."""
        pull = self._found(request)
        return Reply(200, self._pull(pull)) if pull else _MISSING

    def pulls(self, request: Request) -> Reply:
        """Those that are asked for, the newest first."""
        wanted = [each for each in self.world.pulls.values() if each.state == "open"]
        found: list[object] = [
            self._pull(each) for each in wanted[::-1] if request.query.get("target_branch", "main") == "main"
        ]
        return page(self.server, request, found)

    def pulls_of(self, request: Request) -> Reply:
        """Which brought the commit."""
        if request.parts["sha"] not in self.world.commits:
            return _MISSING
        return page(
            self.server, request, [self._pull(each) for each in self.world.pulls_of(request.parts["sha"])]
        )

    def merge(self, request: Request) -> Reply:
        """Of exactly that head."""
        pull = self._found(request)
        assert isinstance(request.body, dict)
        assert pull
        if pull.state != "open":
            return Reply(405, {"message": "405 Method Not Allowed"})
        if request.body["sha"] != pull.head:
            return Reply(409, {"message": "SHA does not match HEAD of source branch"})
        self.world.merge(pull, self.asking(request).login, "squash" if request.body["squash"] else "merge")
        return Reply(200, self._pull(pull))

    def commits(self, request: Request) -> Reply:
        """Of a merge request, the newest first."""
        pull = self._found(request)
        assert pull
        told: list[object] = [
            {
                "id": each.sha,
                "author_name": each.by.title(),
                "author_email": f"{each.by}@example.test",
                "committer_name": each.by.title(),
                "committer_email": f"{each.by}@example.test",
                "parent_ids": list(each.parents),
            }
            for each in reversed(self.world.commits_of(pull))
        ]
        return page(self.server, request, told)

    def events(self, request: Request) -> Reply:
        """The pushes, the newest first."""
        repository = {"2": "carol/infra"}.get(request.parts["project"], self.world.path)
        told: list[object] = [
            {
                "id": move.id,
                "action_name": "pushed to",
                "author": self._person(move.by),
                "push_data": {
                    "commit_count": 1,
                    "ref": move.branch,
                    "ref_type": "branch",
                    "commit_from": None if move.before == NOTHING else move.before,
                    "commit_to": move.after,
                },
            }
            for move in reversed(self.world.moves)
            if move.repository == repository
        ]
        return page(self.server, request, told)

    # ------------------------------------------------------------------------------- what is said of it

    def approvals(self, request: Request) -> Reply:
        """Those that stand."""
        number = int(request.parts["iid"])
        given = [each for each in self.world.reviews if each.number == number and each.state == "approved"]
        dates = [{"approved_at": moment(each.at)} if self.dated else {} for each in given]
        told = [{"user": self._person(each.by), **date} for each, date in zip(given, dates, strict=True)]
        return Reply(200, {"iid": number, "approved": bool(told), "approved_by": told})

    def reviewers(self, request: Request) -> Reply:
        """How far each is."""
        words = {"approved": "approved", "changes-requested": "requested_changes", "commented": "reviewed"}
        newest = {
            each.by: each.state for each in self.world.reviews if each.number == int(request.parts["iid"])
        }
        told = [
            {"user": self._person(by), "state": words.get(state, "unapproved")}
            for by, state in newest.items()
        ]
        return Reply(200, told)

    def versions(self, request: Request) -> Reply:
        """The newest first."""
        pull = self._found(request)
        assert pull
        told: list[object] = [
            {"id": number, "head_commit_sha": sha, "created_at": moment(at)}
            for number, (sha, at) in enumerate(pull.versions, 1)
        ]
        return page(self.server, request, told[::-1])

    def _note(self, said: Said) -> dict[str, object]:
        return {
            "id": said.id,
            "type": None,
            "body": said.body,
            "author": self._person(said.by),
            "created_at": moment(said.at),
            "updated_at": moment(said.changed_at),
            "system": False,
            "noteable_iid": said.number,
            "noteable_type": "MergeRequest",
        }

    def notes(self, request: Request) -> Reply:
        """People's, and GitLab's own of approvals."""
        number = int(request.parts["iid"])
        told = [self._note(each) for each in self.world.comments if each.number == number]
        for review in self.world.reviews:
            if review.number == number and review.state == "approved":
                said = Said(review.id, number, review.by, "approved this merge request", review.at)
                told.append({**self._note(said), "system": True})
        return page(self.server, request, list(told))

    def note(self, request: Request) -> Reply:
        """One, on this merge request."""
        said = self.world.comment(int(request.parts["id"]))
        there = said is not None and said.number == int(request.parts["iid"])
        return Reply(200, self._note(said)) if said and there else _MISSING

    def write_note(self, request: Request) -> Reply:
        """Up to its longest."""
        assert isinstance(request.body, dict)
        said = self.world.say(int(request.parts["iid"]), self.asking(request).login, request.body["body"])
        return Reply(201, self._note(said))

    def edit_note(self, request: Request) -> Reply:
        """By whoever may."""
        assert isinstance(request.body, dict)
        said = self.world.rewrite(int(request.parts["id"]), self.asking(request).login, request.body["body"])
        return Reply(200, self._note(said))

    # ------------------------------------------------------------------------- checks and protection

    def _status(self, made: Reported) -> dict[str, object]:
        words = {name: made.words.get(name) for name in ("description", "target_url")}
        state = {"failure": "failed"}.get(str(made.words["state"]), made.words["state"])
        told = {"id": made.id, "sha": made.commit, "name": made.name, "status": state}
        return {**told, **words, "author": self._person(made.by), "created_at": moment(made.at)}

    def statuses(self, request: Request) -> Reply:
        """Of a commit."""
        told: list[object] = [
            self._status(each) for each in self.world.reports if each.commit == request.parts["sha"]
        ]
        return page(self.server, request, told)

    def make_status(self, request: Request) -> Reply:
        """The same state again is refused, as the real one does."""
        assert isinstance(request.body, dict)
        body, by = request.body, self.asking(request).login
        known = [
            each
            for each in self.world.reports
            if (each.commit, each.name, each.by) == (request.parts["sha"], body["name"], by)
        ]
        if known and known[-1].words["state"] == body["state"]:
            event = {"pending": "enqueue", "running": "run", "success": "success"}.get(body["state"], "drop")
            return Reply(400, {"message": f"Cannot transition status via :{event} from :{body['state']}"})
        return Reply(201, self._status(self.world.report(request.parts["sha"], body["name"], by, body)))

    def make_rollout(self, request: Request) -> Reply:
        """A deployment."""
        assert isinstance(request.body, dict)
        body = request.body
        made = Reported(self.world.id(), body["sha"], body["environment"], "", body, self.world.now())
        self.world.rollouts.append(made)
        return Reply(201, {"id": made.id, "sha": body["sha"], "ref": body["ref"], "status": body["status"]})

    def move_rollout(self, request: Request) -> Reply:
        """Its status."""
        made = next(each for each in self.world.rollouts if each.id == int(request.parts["id"]))
        assert isinstance(request.body, dict)
        made.words = {**made.words, **request.body}
        return Reply(200, {"id": made.id, "status": request.body["status"]})

    def branch(self, request: Request) -> Reply:
        """As whoever may read sees it."""
        guarded = request.parts["branch"] in self.world.protections
        told = {"name": request.parts["branch"], "protected": guarded, "developers_can_push": False}
        return Reply(200, told)

    def protection(self, request: Request) -> Reply:
        """For maintainers."""
        if not self.world.may(self.asking(request).login, "admin"):
            return Reply(403, {"message": "403 Forbidden"})
        return Reply(200, {"id": 1, "name": request.parts["branch"], "allow_force_push": False})

    def group(self, request: Request) -> Reply:
        """404 for what is not there, or not seen."""
        if request.parts["group"] not in self.world.teams:
            return _MISSING
        return Reply(200, {"id": 3, "full_path": request.parts["group"]})

    def environments(self, request: Request) -> Reply:
        """By name."""
        name = request.query["name"]
        return Reply(200, [{"id": 5, "name": name}] if name in self.world.environments else [])

    def protected_environment(self, request: Request) -> Reply:
        """404 for what is not protected."""
        name = request.parts["name"]
        return Reply(200, {"name": name}) if self.world.environments.get(name) else _MISSING
