"""Connections through Tor to one onion service, each purpose on circuits of its own.

Nothing here connects anywhere but to Tor's SOCKS socket on this machine.
"""
