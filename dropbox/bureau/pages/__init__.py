"""The desk's pages: server-rendered, for the people of the bureau, on loopback."""
