"""The only room that speaks to AWS (boto3): S3 objects with conditional writes, STS, SSM, Secrets Manager, KMS.

Refuses to know what a plan is. Imported only through `wiring`, when used (extra `aws`).
"""
