"""Whom: Ansible's inventory, and tuner's variables in it."""
