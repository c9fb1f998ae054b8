"""Every verb: where its door is, under which heading it is listed, and what it does in one line."""

from __future__ import annotations

from typing import NamedTuple


class Door(NamedTuple):
    """`place` is `module:attribute`, imported when the verb is typed. A hidden one is an alias. `believes`: it always
    reads the repository's configuration."""

    place: str
    heading: str
    summary: str
    hidden: bool = False
    believes: bool = False


CHANGE = "Change the cloud"
LOOK = "Look"
STOPS = "Leases and stops"
CARE = "States and keys"
BEGIN = "Begin, and find the way"

VERBS: dict[str, Door] = {
    "up": Door(
        "runner.cli.up:up", CHANGE, "Preview, ask, apply in order, and record it in Git.", believes=True
    ),
    "apply": Door("runner.cli.up:up", CHANGE, "The same as `up`.", hidden=True, believes=True),
    "preview": Door(
        "runner.cli.preview:preview",
        CHANGE,
        "Show what `up` would change, and change nothing.",
        believes=True,
    ),
    "ci": Door(
        "runner.cli.ci:ci",
        CHANGE,
        "In CI: preview a pull request, apply a merge, or say why nothing.",
        believes=True,
    ),
    "destroy": Door(
        "runner.cli.destroy:destroy",
        CHANGE,
        "Destroy targets in reverse order, and hold them.",
        believes=True,
    ),
    "approve": Door(
        "runner.cli.approve:approve", CHANGE, "Release a pending apply, by the digest of its plan."
    ),
    "reject": Door(
        "runner.cli.approve:reject", CHANGE, "Keep a pending apply from going on, until you approve it."
    ),
    "status": Door("runner.cli.status:status", LOOK, "Where every target stands.", believes=True),
    "log": Door("runner.cli.log:log", LOOK, "The record of applies, newest first."),
    "show": Door("runner.cli.show:show", LOOK, "An entry, a target or a saved plan in full."),
    "outputs": Door("runner.cli.outputs:outputs", LOOK, "The outputs of live targets.", believes=True),
    "logs": Door("runner.cli.logs:logs", LOOK, "What the engines said in a run, in full."),
    "affected": Door(
        "runner.cli.affected:affected",
        LOOK,
        "What a change touches, each target with its because.",
        believes=True,
    ),
    "why": Door("runner.cli.why:why", LOOK, "How a change reaches one target.", believes=True),
    "graph": Door(
        "runner.cli.graph:graph", LOOK, "Who needs whom, and why, as text, DOT or Mermaid.", believes=True
    ),
    "locks": Door("runner.cli.locks:locks", STOPS, "Who holds which lease, and what is frozen."),
    "unlock": Door("runner.cli.locks:unlock", STOPS, "Break a lease, on the record."),
    "cancel": Door("runner.cli.locks:cancel", STOPS, "Ask a run to stop, on the record."),
    "freeze": Door(
        "runner.cli.freezing:freeze",
        STOPS,
        "Stop all applies of an environment or of one target, on the record.",
    ),
    "thaw": Door("runner.cli.freezing:thaw", STOPS, "End a freeze, on the record."),
    "state": Door("runner.cli.state:state", CARE, "Read, write, restore, recover or move a target's state."),
    "key": Door("runner.cli.key:key", CARE, "Make, export, rotate or retire an environment's key."),
    "init": Door("runner.cli.init:init", BEGIN, "Start a repository, or take over one that is there."),
    "doctor": Door(
        "runner.cli.doctor:doctor", BEGIN, "Check this machine and this repository, or the forge."
    ),
    "explain": Door("runner.cli.explain:explain", BEGIN, "The long text of an error."),
    "schema": Door("runner.cli.schema:schema", BEGIN, "The JSON Schema of the configuration files."),
    "completion": Door("runner.cli.completion:completion", BEGIN, "The completion script of a shell."),
    "help": Door(
        "runner.cli.topics:topics", BEGIN, "Help on a verb, or on selectors, exit codes, variables."
    ),
}
