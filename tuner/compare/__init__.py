"""Decision: what was known before, and what moved since."""
