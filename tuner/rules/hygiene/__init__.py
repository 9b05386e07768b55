"""Judgement of lines: every file without an underscore is one rule about what a file says."""
