"""`runner destroy`: in reverse order, on the record, and held until an `up` names the target."""

from tests.journeys.codes import THREE
from tests.journeys.stage import Stage


def test_all_goes_in_reverse_order_and_stays_away_until_it_is_named(three: Stage) -> None:
    three.run("up", "prod", "--yes")
    told = three.run("destroy", "prod", "--yes")
    assert told.rows("run_started")[0]["waves"] == [["prod/app", "prod/database"], ["prod/network"]]
    assert set(told.outcomes.values()) == {"succeeded"}
    destroyed = [each["target"] for each in three.entries() if each["kind"] == "destroy"]
    assert destroyed[-1] == "prod/network"
    assert set(three.standing().values()) == {"held"}
    for name in ("app", "database", "network"):
        assert three.addresses(f"prod/{name}") == set()

    told = three.run("up", "prod", "--yes")
    assert told.outcomes == {}
    assert "held" in told.codes
    assert set(three.standing().values()) == {"held"}

    told = three.run("up", "prod/network", "--yes")
    assert told.outcomes == {"prod/network": "succeeded"}
    assert three.standing() == {"prod/app": "held", "prod/database": "held", "prod/network": "live"}
    three.run("up", "prod/app", "prod/database", "--yes")
    assert set(three.standing().values()) == {"live"}


def test_what_others_still_need_is_not_destroyed(three: Stage) -> None:
    three.run("up", "prod", "--yes")
    before = three.refs()
    told = three.run("destroy", "prod/network", "--yes", code=2)
    assert "`prod/app`" in str(told.diagnostics)
    assert "`prod/database`" in str(told.diagnostics)
    assert three.refs() == before
    three.run("destroy", "prod/app", "prod/database", "--yes")
    three.run("destroy", "prod/network", "--yes")
    assert set(three.standing().values()) == {"held"}


def test_dependents_can_be_destroyed_with_what_they_need(three: Stage) -> None:
    three.run("up", "prod", "--yes")
    told = three.run("destroy", "prod/network", "--with-dependents", "--yes")
    assert len(told.outcomes) == 3
    assert set(three.standing().values()) == {"held"}


def test_destroying_what_is_not_live_does_nothing(three: Stage) -> None:
    told = three.run("destroy", "prod", "--yes")
    assert told.outcomes == {}
    assert three.entries() == []
    three.run("up", "prod", "--yes")
    three.run("destroy", "prod", "--yes")
    count = len(three.entries())
    three.run("destroy", "prod", "--yes")
    assert len(three.entries()) == count


STUBBORN = """\
variable "cidr" { type = string }
resource "terraform_data" "net" {
  input = var.cidr
  provisioner "local-exec" {
    when    = destroy
    command = "test -e ${self.input}"
  }
}
output "id" { value = terraform_data.net.id }
output "cidr" { value = var.cidr }
"""


def test_a_failed_destroy_is_recorded_and_what_is_left_is_not_held(three: Stage) -> None:
    mark = three.clone.path.parent / "may-go"
    three.change(
        {
            "stacks/network/main.tf": STUBBORN,
            "environments/prod.yaml": THREE["environments/prod.yaml"].replace("10.0.0.0/16", str(mark)),
        }
    )
    three.run("up", "prod", "--yes")
    told = three.run("destroy", "prod", "--yes", code=1)
    assert told.outcomes == {"prod/app": "succeeded", "prod/database": "succeeded", "prod/network": "failed"}
    assert three.addresses("prod/network") == {"terraform_data.net"}
    assert three.standing()["prod/network"] == "failed"
    mark.touch()
    three.run("destroy", "prod/network", "--yes")
    assert three.addresses("prod/network") == set()
    assert three.standing()["prod/network"] == "held"
