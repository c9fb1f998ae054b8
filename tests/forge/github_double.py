"""A GitHub Enterprise Server of ours on loopback, with a memory; what it answers is made after GitHub's description."""

from tests.forge.github_description import Description
from tests.forge.github_double_guards import GitHubGuards
from tests.forge.github_double_shapes import moment
from tests.forge.loopback_forge import LoopbackForge, Reply, Request, page
from tests.forge.world import Reported, Someone, World

_REPO = "/api/v3/repos/{owner}/{repo}"
_GRANTED = {"contents": "write", "checks": "write", "pull_requests": "write", "metadata": "read"}


class GitHubDouble(GitHubGuards):
    """Routes over a World."""

    def __init__(self, world: World, description: Description) -> None:
        super().__init__(world)
        self.shapes = description
        self.server = LoopbackForge(description.mistakes)
        for method, path, answer in (
            ("GET", _REPO, self.repository),
            ("GET", "/api/v3/user", self.user),
            ("POST", "/api/graphql", self.graph),
            ("GET", f"{_REPO}/pulls/{{number}}", self.pull),
            ("GET", f"{_REPO}/pulls", self.pulls),
            ("GET", f"{_REPO}/commits/{{sha}}/pulls", self.pulls_of),
            ("GET", f"{_REPO}/pulls/{{number}}/commits", self.commits),
            ("GET", f"{_REPO}/activity", self.activity),
            ("GET", f"{_REPO}/pulls/{{number}}/reviews", self.reviews),
            ("PUT", f"{_REPO}/pulls/{{number}}/merge", self.merge),
            ("GET", f"{_REPO}/issues/{{number}}/comments", self.comments),
            ("POST", f"{_REPO}/issues/{{number}}/comments", self.write_comment),
            ("GET", f"{_REPO}/issues/comments/{{id}}", self.comment),
            ("PATCH", f"{_REPO}/issues/comments/{{id}}", self.edit_comment),
            ("GET", f"{_REPO}/collaborators/{{login}}/permission", self.permission),
            ("GET", "/api/v3/orgs/{org}/teams/{team}/memberships/{login}", self.membership),
            ("GET", f"{_REPO}/commits/{{sha}}/check-runs", self.runs),
            ("POST", f"{_REPO}/check-runs", self.make_run),
            ("PATCH", f"{_REPO}/check-runs/{{id}}", self.edit_run),
            ("GET", f"{_REPO}/commits/{{sha}}/statuses", self.statuses),
            ("POST", f"{_REPO}/statuses/{{sha}}", self.make_status),
            ("POST", f"{_REPO}/deployments", self.make_rollout),
            ("POST", f"{_REPO}/deployments/{{id}}/statuses", self.move_rollout),
            ("GET", f"{_REPO}/branches/{{branch+}}/protection", self.protection),
            ("GET", f"{_REPO}/branches/{{branch}}", self.branch),
            ("GET", f"{_REPO}/rules/branches/{{branch}}", self.rules),
            ("GET", f"{_REPO}/actions/permissions", self.actions),
            ("GET", f"{_REPO}/environments/{{name}}", self.environment),
            ("GET", "/api/v3/orgs/{org}/teams/{team}", self.team),
            ("GET", f"{_REPO}/installation", self.installation),
            ("POST", "/api/v3/app/installations/{id}/access_tokens", self.make_token),
            ("GET", "/api/v3/app", self.app),
        ):
            self.server.route(method, path, answer)
        self.claims: list[str] = []

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.server.url

    def asking(self, request: Request) -> Someone | None:
        """Whose request it is."""
        return self.world.holder(request.headers.get("authorization", "").removeprefix("Bearer "))

    def _said(self, operation: str, told: object, status: int = 200) -> Reply:
        method, path = operation.split(" ")
        return self.shapes.reply(f"{method} {path.replace('REPO', '/repos/{owner}/{repo}')}", status, told)

    # ------------------------------------------------------------------------------------------------ who

    def repository(self, request: Request) -> Reply:
        """With what the asking account may."""
        someone = self.asking(request)
        if someone is None:
            return Reply(401, {"message": "Bad credentials"})
        may = {
            word: self.world.may(someone.login, needed)
            for word, needed in (("admin", "admin"), ("push", "write"))
        }
        permissions = {**may, "maintain": may["admin"], "triage": may["push"], "pull": True}
        return self._said("get REPO", {"full_name": self.world.path, "permissions": permissions})

    def user(self, request: Request) -> Reply:
        """Not for an app's token."""
        someone = self.asking(request)
        if someone is None or someone.bot:
            return Reply(403, {"message": "Resource not accessible by integration"})
        reply = self._said("get /user", {**self.told_person(someone.login), "user_view_type": "private"})
        scopes = self.world.scopes.get(someone.login, "repo, read:org")
        if scopes is not None:
            reply.headers["X-OAuth-Scopes"] = scopes
        return reply

    def graph(self, request: Request) -> Reply:
        """The two questions that we ask."""
        someone = self.asking(request)
        assert isinstance(request.body, dict)
        assert someone
        if "viewer" in str(request.body["query"]):
            return Reply(200, {"data": {"viewer": {"login": someone.login, "databaseId": someone.id}}})
        said = self.world.comment(int(request.body["variables"]["id"].removeprefix("IC_")))
        editor = self.world.people[said.edits[-1][0]] if said and said.edits else None
        told = editor and {
            "__typename": "Bot" if editor.bot else "User",
            "login": editor.login.removesuffix("[bot]"),
        }
        at = moment(said.edits[-1][1]) if said and said.edits else None
        return Reply(200, {"data": {"node": {"lastEditedAt": at, "editor": told} if said else None}})

    def permission(self, request: Request) -> Reply:
        """404 for who is not there; read for everybody else, for the repository is public."""
        login = request.parts["login"]
        if login not in self.world.people:
            return Reply(404, {"message": f"{login} is not a user"})
        word = self.world.rights.get(login, "read")
        told = {"permission": word, "role_name": word, "user": self.told_person(login)}
        return self._said("get REPO/collaborators/{username}/permission", told)

    def membership(self, request: Request) -> Reply:
        """404 for who is not in it, and for what is not there."""
        team = f"{request.parts['org']}/{request.parts['team']}"
        if request.parts["login"] not in self.world.teams.get(team, ()):
            return Reply(404, {"message": "Not Found"})
        told = {"state": "active", "role": "member"}
        return self._said("get /orgs/{org}/teams/{team_slug}/memberships/{username}", told)

    def installation(self, request: Request) -> Reply:
        """Of our app, asked with a claim."""
        self.claims.append(request.headers["authorization"].removeprefix("Bearer "))
        told = {"id": 77, "app_slug": "robot", "permissions": {}, "account": self.told_person("alice")}
        return self._said("get REPO/installation", told)

    def make_token(self, request: Request) -> Reply:
        """The token of `robot[bot]`."""
        self.claims.append(request.headers["authorization"].removeprefix("Bearer "))
        token = self.world.people["robot[bot]"].token
        told = {"token": token, "expires_at": "2036-01-01T00:00:00Z", "permissions": _GRANTED}
        return self._said("post /app/installations/{installation_id}/access_tokens", told, 201)

    def app(self, request: Request) -> Reply:
        """Which app the claim is of."""
        self.claims.append(request.headers["authorization"].removeprefix("Bearer "))
        return self._said("get /app", {"id": 5, "slug": "robot", "name": "Robot", "permissions": {}})

    # ------------------------------------------------------------------------------------- pull requests

    def pull(self, request: Request) -> Reply:
        """One."""
        pull = self.world.pulls.get(int(request.parts["number"]))
        if pull is None:
            return Reply(404, {"message": "Not Found"})
        merged = pull.state == "merged"
        more = {
            "merged": merged,
            "mergeable": None,
            "merged_by": self.told_person(pull.merged_by) if merged else None,
            "commits": len(self.world.commits_of(pull)),
        }
        return self._said("get REPO/pulls/{pull_number}", self.told_pull(pull) | more)

    def pulls(self, request: Request) -> Reply:
        """Those that are asked for."""
        found = [
            pull
            for pull in self.world.pulls.values()
            if (pull.state == "open") == (request.query.get("state", "open") == "open")
            and request.query.get("base", "main") == "main"
        ]
        return self._listed("get REPO/pulls", request, [self.told_pull(each) for each in found[::-1]])

    def _listed(
        self, operation: str, request: Request, told: list[object] | list[dict[str, object]]
    ) -> Reply:
        reply = page(self.server, request, list(told))
        whole = self._said(operation, reply.body)
        return Reply(200, whole.body, reply.headers)

    def pulls_of(self, request: Request) -> Reply:
        """422 for a commit that is not there."""
        sha = request.parts["sha"]
        if sha not in self.world.commits:
            return Reply(422, {"message": f"No commit found for SHA: {sha}"})
        told = [self.told_pull(each) for each in self.world.pulls_of(sha)]
        return self._listed("get REPO/commits/{commit_sha}/pulls", request, told)

    def commits(self, request: Request) -> Reply:
        """Of a pull request."""
        found = self.world.commits_of(self.world.pulls[int(request.parts["number"])])
        told = [self.told_commit(each) for each in found]
        return self._listed("get REPO/pulls/{pull_number}/commits", request, told)

    def activity(self, request: Request) -> Reply:
        """The moves of a branch, the newest first."""
        repository = f"{request.parts['owner']}/{request.parts['repo']}"
        told: list[object] = [
            {
                "id": move.id,
                "before": move.before,
                "after": move.after,
                "ref": f"refs/heads/{move.branch}",
                "timestamp": moment(move.at),
                "activity_type": "push" if move.before.strip("0") else "branch_creation",
                "actor": self.told_person(move.by),
            }
            for move in reversed(self.world.moves)
            if (move.repository, f"refs/heads/{move.branch}") == (repository, request.query["ref"])
        ]
        return self._listed("get REPO/activity", request, told)

    def merge(self, request: Request) -> Reply:
        """Of exactly that head."""
        pull = self.world.pulls[int(request.parts["number"])]
        someone = self.asking(request)
        assert isinstance(request.body, dict)
        assert someone
        if pull.state != "open":
            return Reply(405, {"message": "Pull Request is not mergeable"})
        if request.body["sha"] != pull.head:
            return Reply(409, {"message": "Head branch was modified. Review and try the merge again."})
        sha = self.world.merge(pull, someone.login, str(request.body["merge_method"]))
        told = {"sha": sha, "merged": True, "message": "Pull Request successfully merged"}
        return self._said("put REPO/pulls/{pull_number}/merge", told)

    # ------------------------------------------------------------------------------- what is said of it

    def reviews(self, request: Request) -> Reply:
        """Of a pull request."""
        number = int(request.parts["number"])
        told = [self.told_review(each) for each in self.world.reviews if each.number == number]
        return self._listed("get REPO/pulls/{pull_number}/reviews", request, told)

    def comments(self, request: Request) -> Reply:
        """Of a pull request."""
        number = int(request.parts["number"])
        told = [self.told_comment(each) for each in self.world.comments if each.number == number]
        return self._listed("get REPO/issues/{issue_number}/comments", request, told)

    def comment(self, request: Request) -> Reply:
        """One."""
        said = self.world.comment(int(request.parts["id"]))
        if said is None:
            return Reply(404, {"message": "Not Found"})
        return self._said("get REPO/issues/comments/{comment_id}", self.told_comment(said))

    def write_comment(self, request: Request) -> Reply:
        """Up to its longest."""
        someone = self.asking(request)
        assert isinstance(request.body, dict)
        assert someone
        if len(request.body["body"]) > 65_536:
            return Reply(422, {"message": "Validation Failed", "errors": [{"message": "body is too long"}]})
        said = self.world.say(int(request.parts["number"]), someone.login, request.body["body"])
        return self._said("post REPO/issues/{issue_number}/comments", self.told_comment(said), 201)

    def edit_comment(self, request: Request) -> Reply:
        """By whoever may write."""
        someone = self.asking(request)
        assert isinstance(request.body, dict)
        assert someone
        said = self.world.rewrite(int(request.parts["id"]), someone.login, request.body["body"])
        return self._said("patch REPO/issues/comments/{comment_id}", self.told_comment(said))

    # ---------------------------------------------------------------------------------------- checks

    def runs(self, request: Request) -> Reply:
        """Of a commit; those of one name where one is asked for."""
        name = request.query.get("check_name")
        found: list[object] = [
            self.told_run(each)
            for each in self.world.reports
            if each.run and each.commit == request.parts["sha"] and name in (None, each.name)
        ]
        reply = page(self.server, request, found)
        told = {"total_count": len(found), "check_runs": reply.body}
        whole = self._said("get REPO/commits/{ref}/check-runs", told)
        return Reply(200, whole.body, reply.headers)

    def make_run(self, request: Request) -> Reply:
        """For apps only."""
        someone = self.asking(request)
        assert isinstance(request.body, dict)
        if someone is None or not someone.bot:
            return Reply(403, {"message": "You must authenticate via a GitHub App."})
        body = request.body
        made = self.world.report(body["head_sha"], body["name"], someone.login, body, run=True)
        return self._said("post REPO/check-runs", self.told_run(made), 201)

    def edit_run(self, request: Request) -> Reply:
        """The words anew."""
        made = next(each for each in self.world.reports if each.id == int(request.parts["id"]))
        assert isinstance(request.body, dict)
        made.words = {**made.words, **request.body}
        return self._said("patch REPO/check-runs/{check_run_id}", self.told_run(made))

    def statuses(self, request: Request) -> Reply:
        """Of a commit, the newest first."""
        sha = request.parts["sha"]
        told = [
            self.told_status(each)
            for each in reversed(self.world.reports)
            if not each.run and each.commit == sha
        ]
        return self._listed("get REPO/commits/{ref}/statuses", request, told)

    def make_status(self, request: Request) -> Reply:
        """By whoever may write."""
        someone = self.asking(request)
        assert isinstance(request.body, dict)
        assert someone
        body = request.body
        made = self.world.report(request.parts["sha"], body["context"], someone.login, body)
        return self._said("post REPO/statuses/{sha}", self.told_status(made), 201)

    def make_rollout(self, request: Request) -> Reply:
        """A deployment."""
        assert isinstance(request.body, dict)
        body = request.body
        made = Reported(self.world.id(), body["ref"], body["environment"], "", body, self.world.now())
        self.world.rollouts.append(made)
        told = {
            "id": made.id,
            "sha": body["ref"],
            "ref": body["ref"],
            "environment": made.name,
            "payload": {},
        }
        return self._said("post REPO/deployments", told, 201)

    def move_rollout(self, request: Request) -> Reply:
        """Its status."""
        made = next(each for each in self.world.rollouts if each.id == int(request.parts["id"]))
        assert isinstance(request.body, dict)
        made.words = {**made.words, **request.body}
        told = {"id": self.world.id(), "state": request.body["state"]}
        return self._said("post REPO/deployments/{deployment_id}/statuses", told, 201)

    # ------------------------------------------------------------------------------------- protection

    def branch(self, request: Request) -> Reply:
        """With as much of its protection as everybody sees."""
        name = request.parts["branch"]
        sha = self.world.branches.get((self.world.path, name))
        if sha is None:
            return Reply(404, {"message": "Branch not found"})
        guarded = self.world.protections.get(name)
        checks = (
            {"contexts": [guarded[0]], "checks": [{"context": guarded[0], "app_id": None}]}
            if guarded
            else None
        )
        told = {"name": name, "protected": bool(guarded), "commit": self.told_commit(self.world.commits[sha])}
        shown = {"required_status_checks": checks} if checks else {}
        return self._said("get REPO/branches/{branch}", {**told, "protection": shown})

    def protection(self, request: Request) -> Reply:
        """For administrators."""
        someone = self.asking(request)
        guarded = self.world.protections.get(request.parts["branch"])
        if someone is None or not self.world.may(someone.login, "admin"):
            return Reply(403, {"message": "Resource not accessible by integration"})
        if guarded is None:
            return Reply(404, {"message": "Branch not protected"})
        told = {
            "required_status_checks": {
                "contexts": [guarded[0]],
                "checks": [{"context": guarded[0], "app_id": 5}],
            },
            "required_pull_request_reviews": {
                "required_approving_review_count": guarded[1],
                "dismiss_stale_reviews": True,
                "require_code_owner_reviews": False,
            },
            "allow_force_pushes": {"enabled": False},
        }
        return self._said("get REPO/branches/{branch}/protection", told)

    def rules(self, request: Request) -> Reply:
        """No rulesets here."""
        return Reply(200, [])
