"""Words: one report in, one string out."""
