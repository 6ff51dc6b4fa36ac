"""A private Tor network on loopback, for the demo and for tests; nothing here is anonymous."""
