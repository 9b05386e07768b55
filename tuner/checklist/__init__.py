"""Decision: what must be known before a deployment, who knows it, and what they said."""
