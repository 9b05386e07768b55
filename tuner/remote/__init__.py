"""Hands that read: transports, the probe, and a function over many hosts."""
