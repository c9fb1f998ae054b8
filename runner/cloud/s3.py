"""S3 objects with real conditional writes (`If-None-Match`, `If-Match`)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from botocore.exceptions import ClientError

from runner.cloud import StoredObject
from runner.cloud.clients import Cloud
from runner.cloud.refused import asking, code_of, status_of

LOST_RACE = 412
UNDER_WAY = 409
ROUNDS = 5


class S3Objects:
    """See ObjectStore: the objects of one bucket."""

    def __init__(self, cloud: Cloud, bucket: str, *, endpoint: str = "") -> None:
        self._bucket = bucket
        address = endpoint or cloud.endpoint("s3")
        with asking(f"open the bucket `{bucket}`"):
            self._client = cloud.session.client(
                "s3",
                endpoint_url=address,
                config=cloud.settings(path_style=address is not None),
                verify=cloud.verify,
            )

    def get(self, key: str) -> StoredObject | None:
        """See ObjectStore."""
        with asking(f"read `s3://{self._bucket}/{key}`"):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if code_of(error) == "NoSuchKey":
                    return None
                raise
            content = answer["Body"].read()
            return StoredObject(
                content=content, etag=answer["ETag"], metadata=MappingProxyType(dict(answer["Metadata"]))
            )

    def put(self, key: str, content: bytes, *, after: str | None, metadata: Mapping[str, str]) -> str | None:
        """See ObjectStore."""
        for attempt in range(ROUNDS):
            with asking(f"write `s3://{self._bucket}/{key}`"):
                try:
                    return self._put(key, content, after, dict(metadata))
                except ClientError as error:
                    if (
                        status_of(error) == UNDER_WAY and attempt < ROUNDS - 1
                    ):  # another conditional write is under way
                        time.sleep(0.05 * 2**attempt)
                        continue
                    if status_of(error) not in (LOST_RACE, UNDER_WAY) and code_of(error) != "NoSuchKey":
                        raise
            break
        found = self.get(key)
        # A write whose answer was lost is sent again by boto3, and then meets itself.
        ours = found is not None and found.content == content and dict(found.metadata) == dict(metadata)
        return found.etag if found is not None and ours else None

    def delete(self, key: str) -> None:
        """See ObjectStore."""
        with asking(f"remove `s3://{self._bucket}/{key}`"):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def names(self, prefix: str) -> Sequence[str]:
        """See ObjectStore."""
        found: list[str] = []
        with asking(f"list `s3://{self._bucket}/{prefix}`"):
            for page in self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=prefix
            ):
                found.extend(each["Key"] for each in page.get("Contents", []))
        return sorted(found)

    def _put(self, key: str, content: bytes, after: str | None, metadata: dict[str, str]) -> str:
        if after is None:
            answer = self._client.put_object(
                Bucket=self._bucket, Key=key, Body=content, Metadata=metadata, IfNoneMatch="*"
            )
        else:
            answer = self._client.put_object(
                Bucket=self._bucket, Key=key, Body=content, Metadata=metadata, IfMatch=after
            )
        return answer["ETag"]
