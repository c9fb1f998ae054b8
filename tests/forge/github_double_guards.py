"""What the double of GitHub tells of teams, of Actions, and of environments."""

from tests.forge.github_description import Description
from tests.forge.github_double_shapes import GitHubShapes
from tests.forge.loopback_forge import Reply, Request
from tests.forge.world import Someone


class GitHubGuards(GitHubShapes):
    """Routes over a World."""

    shapes: Description

    def asking(self, request: Request) -> Someone | None:
        """Whose request it is."""
        raise AssertionError("the double knows")

    def team(self, request: Request) -> Reply:
        """404 for what is not there."""
        if f"{request.parts['org']}/{request.parts['team']}" not in self.world.teams:
            return Reply(404, {"message": "Not Found"})
        told = {"id": 1, "slug": request.parts["team"], "name": request.parts["team"]}
        return self.shapes.reply("get /orgs/{org}/teams/{team_slug}", 200, told)

    def actions(self, request: Request) -> Reply:
        """For administrators."""
        someone = self.asking(request)
        if someone is None or not self.world.may(someone.login, "admin"):
            return Reply(403, {"message": "Resource not accessible by integration"})
        operation = "get /repos/{owner}/{repo}/actions/permissions"
        return self.shapes.reply(operation, 200, {"enabled": self.world.pipelines})

    def environment(self, request: Request) -> Reply:
        """404 for what is not there."""
        guarded = self.world.environments.get(request.parts["name"])
        if guarded is None:
            return Reply(404, {"message": "Not Found"})
        policy = {"protected_branches": True, "custom_branch_policies": False} if guarded else None
        told = {"id": 1, "name": request.parts["name"], "deployment_branch_policy": policy}
        return self.shapes.reply("get /repos/{owner}/{repo}/environments/{environment_name}", 200, told)
