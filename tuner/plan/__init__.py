"""Decision: what to write on a host, and the text of it."""
