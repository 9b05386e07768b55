"""Fact: what one host said about itself, once."""
