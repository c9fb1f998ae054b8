"""The real providers and an AWS on loopback: what a run leaves in the cloud is asked of the cloud."""
