"""Audit and repair the TCP and network sysctls of Linux fleets over SSH, without an agent."""

__version__ = "0.1.0"
