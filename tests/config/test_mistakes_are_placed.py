"""Each kind of mistake: where it is said to be, in which words, and what the way out is."""

import pytest

from runner.config.configuration import BranchFacts
from tests.config.believing import STACKS, believe, mistakes

E = "environments/prod.yaml"
R = "runner.yaml"
S = "stacks/app/stack.yaml"

# file, its text, where, which code, a part of the sentence, a part of the hint
CASES: list[tuple[str, str | bytes, str, str, str, str]] = [
    (E, "brnch: main\n", "1:1", "config-unknown-key", "key `brnch` is unknown", "did you mean `branch`?"),
    (E, "plans:\n  on_merg: fresh\n", "2:3", "config-unknown-key", "`on_merg` is unknown in `plans`", "`on_merge`"),
    (E, "targets: {app: {inputz: {}}}\n", "1:17", "config-unknown-key", "in `app`", "did you mean `inputs`?"),
    (E, "apply: on-merg\n", "1:8", "config-value", "`on-merg` is none of `on-merge`", "did you mean `on-merge`?"),
    (E, "requires: {undiverged: yes}\n", "1:24", "config-value", "not `yes`", "words in YAML 1.2"),
    (E, "requires: {reviews: {count: two}}\n", "1:29", "config-value", "must be a whole number", ""),
    (E, "requires: {destroys: -1}\n", "1:22", "config-value", "`-1` is too small", "the smallest is 0"),
    (E, "requires: {reviews: {from: [acme]}}\n", "1:29", "config-value", "not a team or a person", "@org/team"),
    (E, "promote: {soak: 1h}\n", "1:10", "config-missing-key", "`promote` lacks the key `after`", "add `after:`"),
    (E, "promote: {after: [stagin]}\n", "1:19", "environment-unknown", "no environment `stagin`", "stagin.yaml"),
    (E, "allow: {environments: [prd]}\n", "1:24", "environment-unknown", "`prd`", "did you mean `prod`?"),
    (E, 'windows: [{days: mon-fry, from: "8:00", to: "9:00"}]\n', "1:18", "config-value", "`mon-fry`", "mon-thu"),
    (E, 'windows: [{from: "25:00", to: "9:00"}]\n', "1:18", "config-value", "not a time of day", "08:00"),
    (E, 'windows: [{from: "8:00", to: "9:00", zone: Mars}]\n', "1:44", "config-value", "time zone", "Europe/Berlin"),
    (E, "freezes: [{from: 2026-02-30, to: 2026-03-01}]\n", "1:18", "config-value", "`2026-02-30`", "2026-12-20"),
    (E, "freezes: [{from: 2026-03-02, to: 2026-03-01}]\n", "1:11", "config-value", "before it begins", "exchange"),
    (E, "plans: {max_age: 10}\n", "1:18", "config-value", "`10` is not a duration", "`10m`"),
    (E, "plans: {max_bytes: 1M}\n", "1:20", "config-value", "`1M` is not a size", "`1MiB`"),
    (E, "allow: {secrets: [DB_X]}\n", "1:19", "config-value", "pattern of secrets", "env:DB_*"),
    (E, "allow: {providers: [aws]}\n", "1:21", "config-value", "pattern of providers", "hashicorp/*"),
    (E, "key: {env: A, file: b}\n", "1:6", "config-value", "one source", "one of"),
    (E, "state: s3\n", "1:8", "config-value", "needs a `bucket`", "bucket: NAME"),
    (E, "state: {backend: git, bucket: x}\n", "1:8", "config-value", "means nothing to backend `git`", "backend: s3"),
    (E, "leases: {store: s3}\n", "1:9", "config-value", "these are not in S3", "backend: s3, bucket: NAME"),
    (E, "state: git\nleases: {store: s3}\n", "2:9", "config-value", "these are not in S3", "or remove `store`"),
    (E, "inputs:\n", "1:1", "config-value", "`inputs` has no value", "remove the key"),
    (E, "targets: {app: }\n", "1:11", "config-value", "`app` has no value", "remove the key"),
    (E, "requires: {checks: [5]}\n", "1:21", "config-value", "each of `checks` must be a mapping", ""),
    (E, 'plans: {"a\\nb": 1}\n', "1:9", "config-unknown-key", "key `a b` is unknown", ""),
    (E, "windows: 5\n", "1:10", "config-value", "`windows` must be a list", "- "),
    (E, "removed: {x: delete}\n", "1:14", "config-value", "`delete` is none of", "choose one of"),
    (E, "- a\n", "1:1", "config-value", "must be a mapping", ""),
    (E, "branch: main\nbranch: x\n", "2:1", "yaml-duplicate-key", "twice; it first stands in line 1", "keep one"),
    (E, "inputs: {a: !Ref x}\n", "1:13", "yaml-tag", "`!Ref`", "remove the tag"),
    (E, "stacks: [*]\n", "1:11", "yaml-syntax", "no YAML", ""),
    (E, "stacks: [*all]\n", "1:10", "yaml-alias", "`*all` stands for nothing", "quote"),
    (E, "inputs:\n\ta: 1\n", "2:1", "yaml-syntax", "no YAML", "spaces"),
    (E, "inputs: {a: [1, 2}\n", "1:18", "yaml-syntax", "no YAML", "bracket"),
    (E, "a: b\n---\nc: d\n", "2:1", "yaml-syntax", "a second document", "one document"),
    (E, b"inputs: {a: \xff}\n", "1:13", "yaml-encoding", "0xff is not UTF-8", "UTF-8"),
    (E, b"inputs: {\n  a: \x01}\n", "2:6", "yaml-encoding", "U+0001", "escape"),
    (E, "inputs: {a: .inf}\n", "1:13", "yaml-number", "no exact form", "quote"),
    (E, "inputs: {[a]: 1}\n", "1:10", "yaml-key", "must be a word", "quote"),
    (E, "inputs: {a: &a {<<: {b: 1}}}\nx: {<<: *a}\n", "2:1", "config-unknown-key", "`x`", ""),
    (E, "<<: {}\n", "1:1", "config-unknown-key", "no merge keys", "write the keys out"),
    (E, 'inputs: {a: "${netwrk.id}"}\n', "1:16", "stack-unknown", "no stack `netwrk` in `prod`", "`network`?"),
    (E, 'inputs: {a: "x ${network}"}\n', "1:25", "reference-syntax", "an output of `network`", "network.OUTPUT"),
    (E, 'inputs: {a: "${network.id..x}"}\n', "1:27", "reference-syntax", "neither a key nor", "dots"),
    (E, 'inputs: {a: "b ${network.id"}\n', "1:16", "reference-syntax", "does not end", "`$${`"),
    (E, 'inputs: {a: "${}"}\n', "1:16", "reference-syntax", "empty", "${stack.output}"),
    (E, 'inputs: {a: "${prd:network.id}"}\n', "1:16", "environment-unknown", "`prd`", "did you mean `prod`?"),
    (E, 'inputs: {a: "${secret:vault:x}"}\n', "1:23", "secret-source-unknown", "`vault`", "secret:env:NAME"),
    (E, 'inputs: {a: "${secret:env:A-B}"}\n', "1:27", "reference-syntax", "`A-B`", "letters"),
    (E, 'inputs: {a: "${runner.comit}"}\n', "1:23", "reference-unknown", "no `comit`", "did you mean `commit`?"),
    (E, 'inputs: {a: {"${x}": 1}}\n', "1:14", "reference-syntax", "holds a reference", "value"),
    (E, 'notify: [{url: "${network.id}", on: [failed]}]\n', "1:19", "reference-unknown", "only secrets", "secret"),
    (E, 'notify: [{url: "${runner.commit}", on: [failed]}]\n', "1:16", "reference-unknown", "only secrets", "secret"),
    (E, "targets: {ap: {}}\n", "1:11", "stack-unknown", "no stack `ap`", "did you mean `app`?"),
    (E, 'stacks: ["!app"]\ntargets: {app: {}}\n', "2:11", "stack-unknown", "does not live in `prod`", "`stacks:`"),
    (E, "stacks: [netwrk]\n", "1:10", "stack-unknown", "no stack `netwrk`", "did you mean `network`?"),
    (E, "targets: {app: {depends_on: [databse]}}\n", "1:30", "stack-unknown", "`databse`", "`database`?"),
    (E, 'targets: {app: {depends_on: ["qa:app"]}}\n', "1:30", "environment-unknown", "`qa`", "there are `prod`"),
    (E, "targets: {app: {depends_on: [app]}}\n", "1:30", "depends-on-itself", "itself", "remove"),
    (E, "removed: {app: destroy}\n", "1:11", "removed-exists", "still wished for", "!app"),
    (R, 'layout: ["x/{stack*}y"]\n', "1:10", "layout-invalid", "must stand alone", "{name*}"),
    (R, 'layout: ["../{stack}"]\n', "1:10", "layout-invalid", "without `..`", "{name}"),
    (R, 'layout: ["{stack}/{stack}"]\n', "1:10", "layout-invalid", "twice", "once"),
    (R, 'branches: {"{region}/x": "{environment}"}\n', "1:26", "branches-invalid", "`{region}`", "{region}"),
    (R, 'branches: {a: "{environment}", b: "{environment}"}\n', "1:1", "branch-ambiguous", "`a` and `b`", "branch:"),
    (R, "engines: {terraform: {version: 1.10}}\n", "1:32", "config-value", "not a version constraint", "quotes"),
    (R, "limits: {targets: 0}\n", "1:19", "config-value", "too small", "1"),
    (R, "limits: {lease: 0s}\n", "1:17", "config-value", "longer than nothing", "longer"),
    (E, "freezes: [{from: 2026-03-01T10:00, to: 2026-03-01T09:00}]\n", "1:11", "config-value", "before", "exchange"),
    (R, "limits: {lease: 2 h}\n", "1:17", "config-value", "not a duration", "24h"),
    (S, "engine: terrafom\n", "1:9", "config-value", "`terrafom` is none of", "did you mean `terraform`?"),
    (S, 'reads: ["../../../x"]\n', "1:9", "path-outside", "outside the repository", "repository"),
    (S, "renamed_from: x\n", "1:1", "wish-not-honoured", "cannot honour `renamed_from`", "remove"),
    ("environments/stacks.yaml", "", "1:1", "environment-name-invalid", "reserved", "rename"),
    ("environments/Prod.yaml", "", "1:1", "environment-name-invalid", "`Prod`", "a-z"),
    ("environments/qa.yml", "", "1:1", "environment-name-invalid", "*.yaml", "qa.yaml"),
    ("stacks/lost/stack.yaml", "", "1:1", "stack-without-code", "no code", "removed:"),
    ("stacks/a b/main.tf", "", "1:1", "stack-name-invalid", "`a b`", "letters"),
    ("stacks/app/Pulumi.yaml", "", "1:1", "engine-ambiguous", "both Pulumi.yaml and main.tf", "engine: pulumi"),
    ("stacks/app/.terraform-version", "latest:^1", "1:1", "engine-version-unreadable", "`latest:^1`", "whole"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "text", "where", "code", "message", "hint"), CASES)
def test_a_mistake_has_its_place_its_sentence_and_a_way_out(
    file: str, text: str | bytes, where: str, code: str, message: str, hint: str
) -> None:
    (found,) = mistakes({**STACKS, "environments/prod.yaml": "", file: text})
    assert str(found.span) == f"{file}:{where}"
    assert found.code == code
    assert message in found.message
    assert hint in found.hint
    assert found.span
    lines = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    assert found.source == [*lines.split("\n"), ""][found.span.line - 1] or not text


def test_all_mistakes_of_all_files_come_at_once_sorted_by_place() -> None:
    files = {
        **STACKS,
        E: "brnch: main\napply: never\ninputs: {a: 1, a: 2}\n",
        R: "limits: {targets: none}\nlayuot: []\n",
        S: "tags: web\n",
    }
    places = [f"{E}:1:1", f"{E}:2:8", f"{E}:3:16", f"{R}:1:19", f"{R}:2:1", f"{S}:1:7"]
    assert [str(each.span) for each in mistakes(files)] == places
    files[E] = "branhc: x\ntargets: {x: {}}\nstacks: [y]\n"
    places = [f"{E}:1:1", f"{E}:2:11", f"{E}:3:10", f"{R}:1:19", f"{R}:2:1", f"{S}:1:7"]
    assert [str(each.span) for each in mistakes(files)] == places


def test_every_missing_key_is_told() -> None:
    found = mistakes({**STACKS, E: "windows: [{zone: UTC}]\n"})
    assert [each.message for each in found] == [
        "`windows` lacks the key `from`",
        "`windows` lacks the key `to`",
    ]


def test_a_broken_wish_on_the_default_branch_does_not_stop_the_change_that_mends_it() -> None:
    law = {**STACKS, E: "apply: manual\ninputs: 5\n"}
    believed = believe({**STACKS, E: "apply: manual\ninputs: {a: 5}\n"}, law)
    assert believed.environments["prod"].apply == "manual"
    assert believed.wishes["prod"].inputs["a"].value == 5


def test_a_repository_of_which_nobody_knows_the_default_branch_says_so() -> None:
    (found,) = mistakes({**STACKS, E: ""}, BranchFacts(local=("a", "b")))
    assert (found.code, str(found.span)) == ("branch-unknown", f"{E}:1:1")
    assert mistakes({**STACKS, E: 'branch: "*"\n'}, BranchFacts(local=("a", "b"))) == ()


def test_two_directories_of_one_name_are_both_named() -> None:
    layout = 'layout: ["stacks/{stack}", "more/{stack}"]\n'
    (found,) = mistakes({**STACKS, R: layout, "more/app/main.tf": ""})
    assert found.code == "stack-name-clash"
    assert "`more/app` and `stacks/app`" in found.message


def test_limits_are_named_when_they_are_met() -> None:
    (targets,) = mistakes({**STACKS, R: "limits: {targets: 2}\n", E: ""})
    (files,) = mistakes({**STACKS, R: "limits: {tree_files: 2}\n", E: ""})
    (nodes,) = mistakes({**STACKS, R: "limits: {yaml_nodes: 5}\n", E: "inputs: {a: 1, b: 2, c: 3}\n"})
    assert [each.code for each in (targets, files, nodes)] == [
        "limit-targets",
        "limit-tree-files",
        "yaml-too-large",
    ]
