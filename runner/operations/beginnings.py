"""What `init` writes and says, as text; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runner.config.files import DIRECTORY, RUNNER_FILE
from runner.config.proposals import Proposal
from runner.kit.tree import Tree

IGNORED = """\
# What engines leave beside the code: caches, plans, and states with secrets in plain.
.terraform/
*.tfstate
*.tfstate.*
*.tfplan
crash.log
"""

FIRST_STACK = """\
# A first stack: built-in resources only, so that it needs no cloud and no download. Replace it by something real.

variable "greeting" {
  type    = string
  default = "hello"
}

resource "terraform_data" "hello" {
  input = var.greeting
}

# Other stacks of the environment read this as ${hello.greeting}.
output "greeting" {
  value = terraform_data.hello.output
}
"""

_LEDGER = """\
# Where the record of what was applied is kept: the remote that holds the branches, or `none` for this clone alone.
ledger:
  remote: {remote}
"""

_HEAD = "# Settings of the whole repository. `runner schema` describes every key.\n"


def texts(tree: Tree, proposal: Proposal, layout: Sequence[str], remote: str) -> dict[str, str]:
    """Path -> text of each file to write; none that `tree` has. `layout` replaces the proposed one where it is not
    empty; `remote` may be empty: then nothing is said of it."""
    files = {path: text for path, text in proposal.files.items() if path != RUNNER_FILE}
    runner = "".join(
        (
            _layout(layout) if layout else proposal.files.get(RUNNER_FILE, ""),
            _LEDGER.format(remote=remote) if remote else "",
        )
    )
    if runner and tree.node(RUNNER_FILE) is None:
        files[RUNNER_FILE] = runner if runner.startswith("# Where stacks lie") else _HEAD + runner
    if not proposal.code:
        files["stacks/hello/main.tf"] = FIRST_STACK
    if tree.node(".gitignore") is None:
        files[".gitignore"] = IGNORED
    return {path: files[path] for path in sorted(files) if tree.node(path) is None}


def _layout(patterns: Sequence[str]) -> str:
    listed = "".join(f'  - "{pattern}"\n' for pattern in patterns)
    return f"# Where stacks lie. `runner schema` describes every key.\nlayout:\n{listed}"


def described(tree: Tree, proposal: Proposal, files: Mapping[str, str], remote: str) -> str:
    """What was found, and what is proposed, for a person."""
    lines = list(_found(proposal))
    if tree.node(RUNNER_FILE) is not None:
        lines.append(f"{RUNNER_FILE} is there already and stays as it is")
        if remote:
            lines.append(
                f"write `ledger: {{remote: {remote}}}` into it, if it does not say where the record goes"
            )
    if any(node.path.endswith(".yaml") for node in tree.children(DIRECTORY)):
        lines.append(f"{DIRECTORY}/ has files already; no environment is added")
    states = [node.path for node in tree.walk() if node.path.endswith("terraform.tfstate")]
    lines += [f"a state is committed: {path}; `runner state migrate` takes it over" for path in states[:5]]
    if not files:
        lines.append("there is nothing to write: this repository is set up")
    return "\n".join(lines)


def _found(proposal: Proposal) -> Sequence[str]:
    if not proposal.code and not proposal.foreign:
        return ("there is no infrastructure code here yet: a first stack is proposed",)
    lines = [
        f"{proposal.stacks} of {proposal.code} directories with code are stacks by this layout:",
        *(f"  {pattern}" for pattern in proposal.layout),
        f"environments: {', '.join(proposal.environments)}",
    ]
    if proposal.rest:
        lines.append("not covered by it:")
        lines += [f"  {directory}" for directory in proposal.rest[:10]]
        more = len(proposal.rest) - 10
        lines += [f"  and {more} more"] if more > 0 else []
    for directory, owner in sorted(proposal.foreign.items())[:10]:
        lines.append(f"{directory} belongs to {owner} and is left to it")
    return lines
