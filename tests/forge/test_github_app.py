"""GitHub Apps: a claim that GitHub can verify, tokens that are renewed in time, and told to nobody."""

import base64
import json
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from runner.errors import AskedWrongly, Denied
from runner.forge.access import AppAccess
from runner.forge.credentials import AppClaim
from tests.forge.double_bench import DoubleBench
from tests.forge.loopback_forge import Fault, Request


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    """The app's own."""
    return generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: RSAPrivateKey) -> bytes:
    """As GitHub lets it be downloaded."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def verified(claim: str, key: RSAPrivateKey) -> dict[str, object]:
    """What the claim says, its signature believed by the public key alone."""
    head, words, signature = claim.split(".")
    key.public_key().verify(_plain(signature), f"{head}.{words}".encode(), PKCS1v15(), SHA256())
    assert json.loads(_plain(head)) == {"alg": "RS256", "typ": "JWT"}
    told: dict[str, object] = json.loads(_plain(words))
    return told


def _plain(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def exchanges(github: DoubleBench) -> list[Request]:
    """The requests for a token."""
    return [each for each in github.server.seen if each.path.endswith("/access_tokens")]


def claim_of(request: Request) -> str:
    """With which it was asked."""
    return request.headers["authorization"].removeprefix("Bearer ")


def test_an_app_signs_its_claims_and_asks_for_one_repository(github: DoubleBench, key: RSAPrivateKey) -> None:
    forge = github.opened(app=AppAccess(claim=AppClaim("12", pem(key))))
    assert forge.identity().person.login == "robot[bot]"
    [asked] = exchanges(github)
    assert asked.body == {"repositories": ["infra"]}
    claims = [claim_of(each) for each in github.server.seen if "robot" not in each.headers["authorization"]]
    assert len(claims) >= 3
    now = github.waits.clock.now()
    for claim in claims:
        told = verified(claim, key)
        begun, ends = (datetime.fromtimestamp(int(str(told[word])), now.tzinfo) for word in ("iat", "exp"))
        assert told["iss"] == "12"
        assert begun < now < ends
        assert ends - begun <= timedelta(minutes=10), "GitHub takes no longer one"
        assert github.redactor.text(claim) != claim
    token = github.world.people["robot[bot]"].token
    assert token not in github.redactor.text(f"x {token} y")


def test_a_token_is_renewed_before_it_ends_and_not_earlier(github: DoubleBench, key: RSAPrivateKey) -> None:
    forge = github.opened(app=AppAccess(claim=AppClaim("12", pem(key)), installation=77))
    ends = github.waits.clock.now() + timedelta(hours=1)
    told = {"token": "token-of-robot[bot]", "expires_at": f"{ends:%Y-%m-%dT%H:%M:%SZ}", "of_tomorrow": {}}
    github.server.faults.append(Fault(path="access_tokens", status=201, words=told))
    forge.checks(github.push("a", github.author))
    github.waits.clock.advance(54 * 60)
    forge.checks(github.push("a", github.author))
    assert len(exchanges(github)) == 1
    github.waits.clock.advance(90)
    forge.checks(github.push("a", github.author))
    first, second = exchanges(github)
    assert claim_of(first) != claim_of(second)
    verified(claim_of(second), key)
    assert not [each for each in github.server.seen if each.path.endswith("/installation")]


def test_an_app_that_is_not_installed_says_so(github: DoubleBench, key: RSAPrivateKey) -> None:
    github.server.faults.append(Fault(path="/installation", status=404, words={"message": "Not Found"}))
    with pytest.raises(AskedWrongly) as told:
        github.opened(app=AppAccess(claim=AppClaim("12", pem(key)))).pull_request(1)
    assert "find the app's installation" in str(told.value)


def test_a_claim_that_is_refused_is_told_without_it(github: DoubleBench, key: RSAPrivateKey) -> None:
    github.server.faults.append(Fault(path="access_tokens", status=401, words={"message": "no such key"}))
    with pytest.raises(Denied) as told:
        github.opened(app=AppAccess(claim=AppClaim("12", pem(key)), installation=77)).pull_request(1)
    assert told.value.diagnostics[0].code == "forge-token-refused"
    assert claim_of(exchanges(github)[0]) not in str(told.value)


def test_an_exchange_is_tried_again_while_github_is_away(github: DoubleBench, key: RSAPrivateKey) -> None:
    github.server.faults += [Fault(path="access_tokens", status=each) for each in (502, 0)]
    forge = github.opened(app=AppAccess(claim=AppClaim("12", pem(key)), installation=77))
    forge.checks(github.push("a", github.author))
    assert len(exchanges(github)) == 3


@pytest.mark.parametrize(
    "content", [b"", b"words", b"-----BEGIN RSA PRIVATE KEY-----\nAA==\n-----END RSA PRIVATE KEY-----"]
)
def test_what_is_no_key_is_named_and_not_shown(content: bytes) -> None:
    with pytest.raises(AskedWrongly) as told:
        AppClaim("12", content)
    assert told.value.diagnostics[0].code == "forge-app-key"
