"""`runner help`: what several verbs share is explained once."""

from __future__ import annotations

import click

from runner.cli.grammar import NoSuchVerb, Verb

TOPICS: dict[str, str] = {
    "selectors": """\
Targets are stacks in environments. Every verb takes the same selectors; several unite.

  dev, env/dev, environments/dev.yaml      an environment
  dev/network, env/dev/network             a target: the stack `network` in `dev`
  stacks/network                           a stack, in every environment
  ./stacks/network, .                      what a path holds
  dev/net*                                 a glob
  !dev/legacy                              not this one

  --tag, --stack, --engine                 only some of them
  --changed [BASE..HEAD]                   preview, up: only what a change touches
  --with-dependents, --with-dependencies   and what needs them, and what they need
  --all-environments                       `up` and `destroy` want one environment without it

What matches nothing, or can be read two ways, is an error that lists what there is.""",
    "exit-codes": """\
    0  done, or nothing to do (and it says which); answering "no" is 0 too
    1  a target failed (the others' results stand)
    2  asked wrongly, or the configuration cannot be believed
    3  denied: policy, stale plan, a permission
    4  a lease is held by someone else
    5  a tool could not be run (missing, wrong version); nothing had started
    6  a forge or store did not answer
    7  history does not verify or moved back: nothing is applied until a person decides
    8  waiting: approval, window, promotion, deferred
    9  something may have changed and is not recorded: look before you act
   10  --exit-code was given and there are changes; drift; `verify` met a foreign state
  130  interrupted; what was left is on the record

Where several hold: 130, 9, 7, 1, 2, 6, 5, 4, 3, 8, 10.""",
    "variables": """\
Every option can be given as GITOPS_RUNNER_<OPTION>: --jobs as GITOPS_RUNNER_JOBS. Not those that open a gate (--yes,
--allow-dirty, --off-branch, --break-glass, --emergency, --force): these are typed, and stand in the entry.

  GITOPS_RUNNER_KEY_<ENVIRONMENT>, GITOPS_RUNNER_KEY    the key of an environment: 32 bytes, base64
  GITHUB_TOKEN, GITLAB_TOKEN, GITEA_TOKEN               a forge's token
  NO_COLOR                                              no colours""",
}


@click.command("help", cls=Verb)
@click.argument("topic", nargs=-1, metavar="[VERB|selectors|exit-codes|variables]")
@click.pass_context
def topics(context: click.Context, /, topic: tuple[str, ...]) -> int:
    """Help on a verb, or on selectors, exit codes, variables.

    \b
    runner help selectors
    runner help state pull
    """
    root = context.find_root()
    if not topic:
        click.echo(root.get_help())
        return 0
    if len(topic) == 1 and topic[0] in TOPICS:
        click.echo(TOPICS[topic[0]])
        return 0
    command, found = root.command, root
    for word in topic:
        inner = command.get_command(found, word) if isinstance(command, click.Group) else None
        if inner is None:
            raise NoSuchVerb(word, sorted(TOPICS), found)
        command, found = inner, click.Context(inner, parent=found, info_name=word)
    click.echo(command.get_help(found))
    return 0
