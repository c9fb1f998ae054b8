"""Data keys that KMS wraps and unwraps."""

from __future__ import annotations

from collections.abc import Mapping

from runner.cloud.clients import Cloud
from runner.cloud.refused import asking


class KmsDataKeys:
    """See vault.keys.DataKeys: data keys under the KMS key `arn`."""

    def __init__(self, cloud: Cloud, arn: str) -> None:
        self._arn = arn
        parts = arn.split(":")
        region = parts[3] if len(parts) > 5 and parts[0] == "arn" else cloud.region
        with asking(f"reach the KMS key `{arn}`"):
            self._client = cloud.session.client(
                "kms",
                region_name=region or None,
                endpoint_url=cloud.endpoint("kms"),
                config=cloud.settings(),
                verify=cloud.verify,
            )

    def new(self, context: Mapping[str, str]) -> tuple[bytes, bytes]:
        """See DataKeys."""
        with asking(f"make a data key under `{self._arn}`"):
            answer = self._client.generate_data_key(
                KeyId=self._arn, KeySpec="AES_256", EncryptionContext=dict(context)
            )
            return answer["Plaintext"], answer["CiphertextBlob"]

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """See DataKeys. The key is named, so that a blob wrapped under a stranger's key is refused."""
        with asking(f"unwrap the data key under `{self._arn}`"):
            answer = self._client.decrypt(
                KeyId=self._arn, CiphertextBlob=wrapped, EncryptionContext=dict(context)
            )
            return answer["Plaintext"]
