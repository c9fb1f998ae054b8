"""What GitLab's documentation of the REST API says of the requests that we make: attributes that they may have, and
of the answers: attributes that they have. No machine-readable description of it is in any registry.

Source: docs.gitlab.com/api, the page of each resource, version 18.
"""

import re
from collections.abc import Mapping

from tests.forge.loopback_forge import Reply, Request

_USER = "id username name state locked avatar_url web_url bot public_email email is_admin namespace_id"
_PULL = (
    "id iid project_id title description state created_at updated_at merged_by merge_user merged_at closed_by closed_at"
    " target_branch source_branch user_notes_count upvotes downvotes author assignees assignee reviewers"
    " source_project_id target_project_id labels draft imported imported_from work_in_progress milestone"
    " merge_when_pipeline_succeeds merge_status detailed_merge_status merge_after sha merge_commit_sha"
    " squash_commit_sha discussion_locked should_remove_source_branch force_remove_source_branch prepared_at"
    " reference references web_url time_stats squash squash_on_merge task_completion_status has_conflicts"
    " blocking_discussions_resolved approvals_before_merge subscribed changes_count latest_build_started_at"
    " latest_build_finished_at first_deployed_to_production_at pipeline head_pipeline diff_refs merge_error user"
)
_NOTE = (
    "id type body attachment author created_at updated_at system noteable_id noteable_type project_id noteable_iid"
    " resolvable resolved resolved_by resolved_at confidential internal imported imported_from commands_changes"
)
_STATUS = (
    "id sha ref status name target_url description created_at started_at finished_at allow_failure coverage author"
    " pipeline_id"
)
_DEPLOYMENT = "id iid ref sha created_at updated_at user environment deployable status"
_PAGE = "page per_page"

# Method and path → what it takes (query or body), what it answers.
_DOCUMENTED: Mapping[str, tuple[str, str]] = {
    "GET /user": ("", f"{_USER} created_at confirmed_at last_sign_in_at can_create_group"),
    "GET /users": ("username search active", _USER),
    "GET /personal_access_tokens/self": (
        "",
        "id name revoked created_at scopes user_id last_used_at active expires_at",
    ),
    "GET /job": ("", "id name status stage user ref commit pipeline web_url"),
    "GET /projects/:id": (
        "license statistics with_custom_attributes",
        (
            "id path_with_namespace default_branch permissions visibility web_url merge_method squash_option"
            " builds_access_level only_allow_merge_if_pipeline_succeeds"
        ),
    ),
    "GET /projects/:id/merge_requests": (
        f"state target_branch source_branch scope order_by sort labels author_id wip {_PAGE}",
        _PULL,
    ),
    "GET /projects/:id/merge_requests/:iid": (
        "include_diverged_commits_count include_rebase_in_progress",
        _PULL,
    ),
    "GET /projects/:id/repository/commits/:sha/merge_requests": (f"state {_PAGE}", _PULL),
    "GET /projects/:id/merge_requests/:iid/commits": (
        _PAGE,
        (
            "id short_id created_at parent_ids title message author_name author_email authored_date committer_name"
            " committer_email committed_date trailers extended_trailers web_url"
        ),
    ),
    "GET /projects/:id/events": (
        f"action target_type before after sort {_PAGE}",
        (
            "id project_id action_name target_id target_iid target_type author_id target_title created_at author"
            " imported imported_from push_data author_username"
        ),
    ),
    "GET /projects/:id/merge_requests/:iid/approvals": (
        "",
        (
            "id iid project_id title description state created_at updated_at merge_status approvals_required"
            " approvals_left approved approved_by user_has_approved user_can_approve"
        ),
    ),
    "GET /projects/:id/merge_requests/:iid/reviewers": (_PAGE, "user state created_at"),
    "GET /projects/:id/merge_requests/:iid/versions": (
        _PAGE,
        "id head_commit_sha base_commit_sha start_commit_sha created_at merge_request_id state real_size patch_id_sha",
    ),
    "GET /projects/:id/merge_requests/:iid/notes": (f"sort order_by activity_filter {_PAGE}", _NOTE),
    "POST /projects/:id/merge_requests/:iid/notes": (
        "body created_at internal merge_request_diff_head_sha",
        _NOTE,
    ),
    "GET /projects/:id/merge_requests/:iid/notes/:note": ("", _NOTE),
    "PUT /projects/:id/merge_requests/:iid/notes/:note": ("body confidential", _NOTE),
    "GET /projects/:id/members/all/:user": (
        "",
        f"{_USER} access_level expires_at group_saml_identity created_at",
    ),
    "GET /groups/:id/members/all/:user": ("", f"{_USER} access_level expires_at membership_state created_at"),
    "GET /projects/:id/repository/commits/:sha/statuses": (
        f"ref stage name pipeline_id order_by sort all {_PAGE}",
        _STATUS,
    ),
    "POST /projects/:id/statuses/:sha": (
        "state ref name context target_url description coverage pipeline_id",
        _STATUS,
    ),
    "POST /projects/:id/deployments": ("environment sha ref tag status", _DEPLOYMENT),
    "PUT /projects/:id/deployments/:deployment": ("status", _DEPLOYMENT),
    "GET /projects/:id/repository/branches/:branch": (
        "",
        "name merged protected default developers_can_push developers_can_merge can_push web_url commit",
    ),
    "GET /projects/:id/protected_branches/:branch": (
        "",
        (
            "id name push_access_levels merge_access_levels allow_force_push unprotect_access_levels"
            " code_owner_approval_required"
        ),
    ),
    "GET /groups/:id": (
        "with_custom_attributes with_projects",
        "id name path description visibility avatar_url web_url full_name full_path parent_id projects",
    ),
    "GET /projects/:id/environments": (
        f"name search states {_PAGE}",
        "id name slug description external_url created_at updated_at tier state",
    ),
    "GET /projects/:id/protected_environments/:name": (
        "",
        "name deploy_access_levels required_approval_count approval_rules",
    ),
    "PUT /projects/:id/merge_requests/:iid/merge": (
        (
            "sha squash merge_commit_message squash_commit_message should_remove_source_branch auto_merge"
            " merge_when_pipeline_succeeds"
        ),
        _PULL,
    ),
}
_STATES = frozenset({"pending", "running", "success", "failed", "canceled", "skipped"})


def mistakes(request: Request, reply: Reply) -> list[str]:
    """What is not as documented, in the request or in the answer."""
    path = request.path.removeprefix("/api/v4")
    if path == "/api/graphql":
        return []
    fitting = [name for name in _DOCUMENTED if _fits(name, request.method, path)]
    if not fitting:
        return [f"{request.method} {path} is not documented"]
    name = min(fitting, key=lambda each: each.count(":"))
    takes, answers = (set(words.split()) for words in _DOCUMENTED[name])
    body = request.body if isinstance(request.body, dict) else {}
    found = [f"{name} takes no {each}" for each in (*request.query, *body) if each not in takes]
    if "statuses" in name and body and body.get("state") not in _STATES:
        found.append(f"{name}: no state {body.get('state')}")
    told = reply.body if isinstance(reply.body, list) else [reply.body]
    if reply.status < 300:
        found += [
            f"{name} answers no {key}"
            for each in told
            if isinstance(each, dict)
            for key in each
            if key not in answers
        ]
    return found


def _fits(name: str, method: str, path: str) -> bool:
    verb, template = name.split(" ")
    expression = re.sub(r":\w+", "[^/]+", template)
    return verb == method and re.fullmatch(expression, path) is not None
