"""Truth: what Linux means by a key, a value and a directory of sysctl.d files."""
