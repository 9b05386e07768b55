"""Hands that write: a plan carried out on hosts, confirmed or reverted."""
