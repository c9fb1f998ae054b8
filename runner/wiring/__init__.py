"""Settings to the tools on the bench. Chooses, never does; refuses logic."""
