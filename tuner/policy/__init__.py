"""Opinion: what a role wants, and why."""
