"""Written gates to believed ones: `model.environment.Gates` and the settings of runner.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from runner.config.configuration import EngineSettings, ForgeSettings, LedgerSettings, Limits
from runner.config.enforcement import unenforced
from runner.config.places import Places
from runner.config.section import Section
from runner.model.environment import (
    Allow,
    ApplyMode,
    Credentials,
    DriftIgnore,
    DriftSettings,
    Freeze,
    Gates,
    Hook,
    Hooks,
    Identity,
    KeySource,
    LeaseSettings,
    Notify,
    PlanSettings,
    PolicySource,
    Promote,
    RequiredCheck,
    Requires,
    Reviews,
    StateBackend,
    StateSettings,
    TerraformSettings,
    Window,
)
from runner.model.references import Json
from runner.model.stack import EngineName


def gates_of(
    environment: str, branch: str, written: Section, shared: TerraformSettings, closed: tuple[str, ...] = ()
) -> Gates:
    """The gates of one environment. `branch` is resolved; `shared` are runner.yaml's settings, `closed` its keys that
    close every environment."""
    return Gates(
        environment=environment,
        branch=branch,
        apply=ApplyMode(written.text("apply", "on-merge")),
        requires=_requires(written.section("requires")) if "requires" in written else None,
        promote=_promote(written.section("promote")) if "promote" in written else None,
        windows=tuple(_window(each) for each in written.sections("windows")),
        freezes=tuple(_freeze(each) for each in written.sections("freezes")),
        policies=tuple(_policy(each) for each in written.sections("policies")),
        deferred=written.text("deferred", "wait"),
        allow=_allow(written.section("allow")),
        break_glass=written.texts("break_glass"),
        credentials=_credentials(written.section("credentials")),
        key=_key(written.section("key")),
        state=_state(written.section("state")) if "state" in written else None,
        plans=_plans(written.section("plans")),
        leases=_leases(written.section("leases")),
        ledger_values=written.section("ledger").text("values", "sealed"),
        drift=_drift(written.section("drift")) if "drift" in written else None,
        hooks=_hooks(written.section("hooks")),
        notify=tuple(
            Notify(url=each.text("url"), on=each.texts("on")) for each in written.sections("notify")
        ),
        terraform=terraform_settings(written.section("settings").section("terraform"), shared),
        unenforced=(*unenforced(written), *closed),
    )


def _requires(written: Section) -> Requires:
    reviews = written.section("reviews")
    return Requires(
        reviews=Reviews(
            count=reviews.count("count", 1),
            teams=reviews.texts("from"),
            codeowners=reviews.flag("codeowners"),
        )
        if "reviews" in written
        else None,
        checks=tuple(
            RequiredCheck(name=each.text("name"), app=each.text("app")) for each in written.sections("checks")
        ),
        undiverged=written.flag("undiverged"),
        destroys=written.count("destroys") if "destroys" in written else None,
        plan_age=written.seconds("plan_age"),
    )


def _promote(written: Section) -> Promote:
    return Promote(
        after=written.texts("after"),
        soak=written.seconds("soak") or 0.0,
        missing=written.text("missing", "block"),
    )


def _window(written: Section) -> Window:
    days = frozenset(written.counts("days")) if "days" in written else frozenset(range(7))
    return Window(
        days=days, start=written.count("from"), end=written.count("to"), zone=written.text("zone", "UTC")
    )


def _freeze(written: Section) -> Freeze:
    zone = written.text("zone", "UTC")
    return Freeze(
        start=_instant(written.text("from"), zone),
        end=_instant(written.text("to"), zone),
        reason=written.text("reason"),
        zone=zone,
    )


def _instant(text: str, zone: str) -> date | datetime:
    """A day, or an aware instant."""
    if len(text) == len("2026-12-20"):
        return date.fromisoformat(text)
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=ZoneInfo(zone))


def _policy(written: Section) -> PolicySource:
    return PolicySource(
        path=written.text("path"),
        level=written.text("level", "deny"),
        input=written.text("input", "runner/1"),
        tags=written.texts("tags"),
        approvers=written.texts("approvers"),
    )


def _allow(written: Section) -> Allow:
    def globs(key: str) -> tuple[str, ...] | None:
        return written.texts(key) if key in written else None

    return Allow(
        providers=globs("providers"),
        modules=globs("modules"),
        code=globs("code"),
        secrets=globs("secrets"),
        environments=globs("environments"),
    )


def _credentials(written: Section) -> Credentials:
    def identity(key: str) -> Identity | None:
        if key not in written:
            return None
        part = written.section(key)
        return Identity(
            role_arn=part.section("aws").text("role_arn"),
            variables=part.texts("env"),
            files=part.words("files"),
            ssh_agent=part.flag("ssh_agent"),
        )

    return Credentials(preview=identity("preview"), apply=identity("apply"))


def _key(written: Section) -> KeySource | None:
    return next(
        (
            KeySource(kind=kind, value=written.text(kind))
            for kind in ("env", "file", "kms")
            if written.text(kind)
        ),
        None,
    )


def _state(written: Section) -> StateSettings:
    return StateSettings(
        backend=StateBackend(written.text("backend")),
        path=written.text("path"),
        bucket=written.text("bucket"),
        prefix=written.text("prefix"),
        region=written.text("region"),
        endpoint=written.text("endpoint"),
    )


def _plans(written: Section) -> PlanSettings:
    age = written.seconds("max_age")
    return PlanSettings(
        on_merge=written.text("on_merge", "same-digest"),
        max_age=600.0 if age is None else age,
        store=written.text("store", "git"),
        max_bytes=written.count("max_bytes", 1 << 20),
    )


def _leases(written: Section) -> LeaseSettings:
    return LeaseSettings(term=written.seconds("term") or 60.0, store=written.text("store", "git"))


def _drift(written: Section) -> DriftSettings:
    return DriftSettings(
        every=written.seconds("every") or 0.0,
        ignore=tuple(
            DriftIgnore(
                address=each.text("address"),
                attribute=each.text("attribute"),
                reason=each.text("reason"),
                until=date.fromisoformat(each.text("until")) if "until" in each else None,
            )
            for each in written.sections("ignore")
        ),
        issue=written.flag("issue"),
    )


def _hooks(written: Section) -> Hooks:
    def hooks(key: str) -> tuple[Hook, ...]:
        return tuple(
            Hook(run=each.texts("run"), writes=each.texts("writes"), timeout=each.seconds("timeout") or 300.0)
            for each in written.sections(key)
        )

    return Hooks(
        before_preview=hooks("before_preview"),
        after_preview=hooks("after_preview"),
        before_apply=hooks("before_apply"),
        after_apply=hooks("after_apply"),
    )


def terraform_settings(written: Section, shared: TerraformSettings) -> TerraformSettings:
    """`written` where it says something, else `shared`: the nearest wins, key by key."""
    arguments = written.section("args")
    return TerraformSettings(
        backend_config=tuple(_backend_config(written))
        if "backend_config" in written
        else shared.backend_config,
        workspace=written.text("workspace", shared.workspace),
        var_files=written.texts("var_files") if "var_files" in written else shared.var_files,
        arguments={**shared.arguments, **{verb: arguments.texts(verb) for verb in arguments.names()}},
    )


def _backend_config(written: Section) -> list[str | Mapping[str, str]]:
    items: Json = written.json("backend_config")
    assert isinstance(items, list)
    return [
        {key: str(value) for key, value in item.items()} if isinstance(item, dict) else str(item)
        for item in items
    ]


def limits(written: Section) -> Limits:
    """`limits` of runner.yaml, over the defaults."""
    default = Limits()
    return Limits(
        targets=written.count("targets", default.targets),
        tree_files=written.count("tree_files", default.tree_files),
        yaml_nodes=written.count("yaml_nodes", default.yaml_nodes),
        plan_bytes=written.count("plan_bytes", default.plan_bytes),
        preview=written.seconds("preview") or default.preview,
        lease=written.seconds("lease") or default.lease,
        commands_per_hour=written.count("commands_per_hour", default.commands_per_hour),
    )


def ledger(written: Section) -> LedgerSettings:
    """`ledger` of runner.yaml."""
    return LedgerSettings(
        remote=written.text("remote"),
        refs=written.text("refs", "hidden"),
        sign=written.text("sign", "auto"),
        signers=written.text("signers"),
    )


def engines(written: Section, places: Places) -> dict[EngineName, EngineSettings]:
    """`engines` of runner.yaml; every engine has settings."""
    return {name: _engine(written.section(name.value), name, places) for name in EngineName}


def _engine(written: Section, name: EngineName, places: Places) -> EngineSettings:
    providers = written.section("providers")
    mirror = providers.text("mirror")
    return EngineSettings(
        version=written.text("version"),
        path=written.text("path"),
        mirror=mirror,
        direct=providers.texts("direct") if "direct" in providers.names() else None,
        versions=tuple(written.words("versions").items()),
        plans=written.flag("plans"),
        mirror_missing=places.problem(
            "mirror-missing",
            f"`{mirror}` is no directory: providers cannot be installed from it",
            ("engines", name.value, "providers", "mirror"),
            hint="a relative path counts from the repository's root; an address begins with `https://`",
        )
        if mirror
        else None,
    )


def forge(written: Section) -> ForgeSettings:
    """`forge` of runner.yaml."""
    app = written.section("app")
    values = {key: app.json(key) for key in app.names()}
    return ForgeSettings(
        type=written.text("type"),
        url=written.text("url"),
        app={key: value for key, value in values.items() if isinstance(value, (str, int))},
    )
