"""S3, STS, SSM, Secrets Manager and KMS of a real moto: what they give, and what they say when they do not."""

from __future__ import annotations

import os
import socket
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runner.cloud.clients import Cloud
from runner.cloud.identity import Identities
from runner.cloud.kms import KmsDataKeys
from runner.cloud.s3 import S3Objects
from runner.cloud.stored_secrets import managed_secret, ssm_parameter
from runner.conformance.state_store import refused
from runner.errors import NoAnswer
from tests.components.fixtures import MotoServer


def variables(address: str) -> dict[str, str]:
    """What a job is given."""
    return {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": address,
    }


@pytest.fixture
def cloud(moto_server: MotoServer) -> Cloud:
    """An identity of its own."""
    return Cloud(variables(str(moto_server)))


@pytest.fixture
def bucket(cloud: Cloud) -> str:
    """A new bucket."""
    name = f"objects-{uuid.uuid4().hex[:12]}"
    client = cloud.session.client("s3", endpoint_url=cloud.endpoint("s3"), config=cloud.settings())
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return name


def test_an_object_is_written_only_where_nothing_or_the_expected_stands(cloud: Cloud, bucket: str) -> None:
    objects = S3Objects(cloud, bucket)
    assert objects.get("a/b") is None
    first = objects.put("a/b", b"one", after=None, metadata={"fence": "1"})
    assert first is not None
    assert objects.put("a/b", b"two", after=None, metadata={}) is None
    second = objects.put("a/b", b"two", after=first, metadata={"fence": "2"})
    assert second is not None
    assert objects.put("a/b", b"three", after=first, metadata={}) is None
    assert objects.put("missing", b"x", after=first, metadata={}) is None
    found = objects.get("a/b")
    assert found is not None
    assert (found.content, found.etag, found.metadata) == (b"two", second, {"fence": "2"})


def test_a_write_that_meets_itself_has_won(cloud: Cloud, bucket: str) -> None:
    objects = S3Objects(cloud, bucket)
    first = objects.put("k", b"content with a nonce", after=None, metadata={"n": "1"})
    assert objects.put("k", b"content with a nonce", after=None, metadata={"n": "1"}) == first
    assert objects.put("k", b"content with a nonce", after=None, metadata={"n": "2"}) is None


def test_of_eight_who_write_at_once_one_wins(cloud: Cloud, bucket: str) -> None:
    objects = S3Objects(cloud, bucket)
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: objects.put("k", b"%d" % n, after=None, metadata={}), range(8)))
    assert sum(each is not None for each in won) == 1


def test_names_are_listed_sorted_and_removed_ones_are_gone(cloud: Cloud, bucket: str) -> None:
    objects = S3Objects(cloud, bucket)
    for name in ("b/2", "b/1", "c"):
        objects.put(name, name.encode(), after=None, metadata={})
    objects.delete("never there")
    assert list(objects.names("b/")) == ["b/1", "b/2"]
    objects.delete("b/1")
    assert list(objects.names("")) == ["b/2", "c"]


def test_a_bucket_that_is_not_there_is_named(cloud: Cloud) -> None:
    refused("cloud-not-found", lambda: S3Objects(cloud, "no-such-bucket-anywhere").get("k"))
    refused("cloud-not-found", lambda: S3Objects(cloud, "no-such-bucket-anywhere").names(""))
    refused(
        "cloud-not-found",
        lambda: S3Objects(cloud, "no-such-bucket-anywhere").put("k", b"", after=None, metadata={}),
    )


def test_nobody_listening_is_no_answer_and_not_an_opinion() -> None:
    with (
        socket.socket() as listener
    ):  # bound, and never listening: the port is refused, and nobody else takes it
        listener.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(NoAnswer) as caught:
            S3Objects(Cloud(variables(address)), "bucket").get("k")
    assert caught.value.exit_code == 6


def test_a_role_is_taken_and_says_until_when(cloud: Cloud) -> None:
    taken = Identities(cloud).take("arn:aws:iam::123456789012:role/apply", "run 12 of prod/network")
    assert set(taken.variables) == {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_REGION",
    }
    assert taken.expires > datetime.now(UTC)
    assert taken.variables["AWS_SECRET_ACCESS_KEY"] not in repr(taken)
    address = cloud.endpoint("sts")
    assert address is not None
    caller = Identities(Cloud({**taken.variables, "AWS_ENDPOINT_URL": address})).caller()
    assert "assumed-role/apply/run-12-of-prod-network" in caller


def test_a_web_identity_is_exchanged_for_the_role(moto_server: MotoServer, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("ey.Jh.bGc\n")
    given = {
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": str(moto_server),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    taken = Identities(Cloud(given)).take("arn:aws:iam::123456789012:role/apply", "ci")
    assert taken.variables["AWS_SESSION_TOKEN"]
    token.unlink()
    refused(
        "cloud-no-credentials",
        lambda: Identities(Cloud(given)).take("arn:aws:iam::123456789012:role/apply", "ci"),
    )


def test_the_identity_is_the_one_that_is_given_never_the_process_own(
    moto_server: MotoServer, home: Path
) -> None:
    os.environ["AWS_ACCESS_KEY_ID"] = os.environ["AWS_SECRET_ACCESS_KEY"] = "of-the-process"
    (home / ".aws").mkdir()
    (home / ".aws" / "credentials").write_text(
        "[default]\naws_access_key_id = a\naws_secret_access_key = b\n"
    )
    nobody = {
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": str(moto_server),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    refused("cloud-no-credentials", lambda: Identities(Cloud(nobody)).caller())
    profile = Cloud({**nobody, "HOME": str(home)}).session.get_credentials()
    assert profile is not None
    assert profile.access_key == "a"
    given = Cloud(variables(str(moto_server))).session.get_credentials()
    assert given is not None
    assert given.access_key == "testing"


def test_a_profile_that_is_not_there_is_said_in_one_sentence(moto_server: MotoServer) -> None:
    given = {"AWS_PROFILE": "nobody", "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": str(moto_server)}
    refused("cloud-no-credentials", lambda: Identities(Cloud(given)).caller())


def test_parameters_and_secrets_are_read_decrypted(cloud: Cloud, moto_server: MotoServer) -> None:
    stamp = uuid.uuid4().hex[:8]
    session, settings = cloud.session, cloud.settings()
    ssm = session.client("ssm", endpoint_url=str(moto_server), config=settings)
    ssm.put_parameter(Name=f"/prod/{stamp}", Value="s3cret", Type="SecureString")
    assert ssm_parameter(cloud, f"/prod/{stamp}") == "s3cret"
    refused("cloud-not-found", lambda: ssm_parameter(cloud, "/prod/none"))
    kept = session.client("secretsmanager", endpoint_url=str(moto_server), config=settings)
    kept.create_secret(Name=f"db-{stamp}", SecretString='{"password": "p", "port": 5432}')
    kept.create_secret(Name=f"text-{stamp}", SecretString="plain")
    kept.create_secret(Name=f"binary-{stamp}", SecretBinary=b"\0")
    assert managed_secret(cloud, f"db-{stamp}", "password") == "p"
    assert managed_secret(cloud, f"db-{stamp}", "port") == "5432"
    assert managed_secret(cloud, f"text-{stamp}") == "plain"
    refused("secret-no-such-key", lambda: managed_secret(cloud, f"db-{stamp}", "none"))
    refused("secret-not-text", lambda: managed_secret(cloud, f"text-{stamp}", "password"))
    refused("secret-not-text", lambda: managed_secret(cloud, f"binary-{stamp}"))
    refused("cloud-not-found", lambda: managed_secret(cloud, "none"))


def test_kms_unwraps_only_in_the_context_that_it_wrapped_in(cloud: Cloud, moto_server: MotoServer) -> None:
    kms = cloud.session.client("kms", endpoint_url=str(moto_server), config=cloud.settings())
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    service = KmsDataKeys(cloud, arn)
    plain, wrapped = service.new({"environment": "prod"})
    assert len(plain) == 32
    assert plain not in wrapped
    assert service.unwrap(wrapped, {"environment": "prod"}) == plain
    refused("cloud-asked-wrongly", lambda: service.unwrap(wrapped, {"environment": "dev"}))
    refused("cloud-not-found", lambda: KmsDataKeys(cloud, arn[:-4] + "0000").new({}))
