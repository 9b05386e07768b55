"""Judgement: every file without an underscore is one rule."""
