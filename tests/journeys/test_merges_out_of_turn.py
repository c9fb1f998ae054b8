"""Behind is what is live against what is wished, outputs of others included; runs that were lost, late or cancelled end
as if each had run in its turn, and what is older and arrives late is superseded."""

from tests.journeys.codes import RUNNER, thing
from tests.journeys.conftest import Setting

NEEDS = 'variable "a" { type = string }\nresource "terraform_data" "b" { input = "%s ${var.a}" }\n'
OUT = 'output "out" { value = terraform_data.b.input }\n'
SECRET = 'output "out" {\n  value     = "%s"\n  sensitive = true\n}\n'
HIDDEN = NEEDS.replace("{ type = string }", "{\n  type      = string\n  sensitive = true\n}")
PROD = """\
stacks: ["*", "!dns"]
allow: {environments: [shared]}
targets:
  b: {inputs: {a: "${a.out}"}}
  c: {inputs: {a: "${shared:dns.out}"}}
"""
BEHIND = ("up", "env/prod", "--behind", "--yes")


def test_what_was_applied_with_another_value_of_an_output_is_behind(setting: Setting) -> None:
    stage = setting(
        {
            "runner.yaml": RUNNER,
            "environments/shared.yaml": "stacks: [dns]\n",
            "environments/prod.yaml": PROD,
            "stacks/a/main.tf": thing("1") + 'output "other" { value = 1 }\n',
            "stacks/dns/main.tf": SECRET % "1",
            "stacks/b/main.tf": NEEDS % "b" + OUT,
            "stacks/c/main.tf": HIDDEN % "c",
        }
    )
    stage.run("up", "shared", "--yes")
    stage.run("up", "prod", "--yes")
    assert set(stage.standing().values()) == {"live"}
    stage.change({"stacks/a/main.tf": thing("1") + 'output "other" { value = 2 }\n'})
    assert stage.run("up", "prod/a", "--yes").outcomes == {"prod/a": "succeeded"}
    assert set(stage.standing().values()) == {"live"}, "nobody reads the other output"
    stage.change({"stacks/a/main.tf": thing("2"), "stacks/dns/main.tf": SECRET % "2"})
    stage.run("up", "shared/dns", "--yes")
    stage.run("up", "prod/a", "--yes")
    assert stage.standing() == {
        "prod/a": "live",
        "prod/b": "behind",
        "prod/c": "behind",
        "shared/dns": "live",
    }
    becauses = {row["target"]: row["because"] for row in stage.run("status").rows("status")}
    assert "`prod/a.out` changed" in becauses["prod/b"]
    assert "`shared/dns.out` changed" in becauses["prod/c"]
    assert stage.run(*BEHIND).outcomes == {"prod/b": "succeeded", "prod/c": "succeeded"}
    assert stage.outputs("prod")["prod/b.out"] == "b 2"
    assert set(stage.standing().values()) == {"live"}
    assert stage.run(*BEHIND).outcomes == {}
