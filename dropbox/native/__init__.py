"""The reporter's client for a terminal: reports, reads, answers and carries sealed files, over Tor or without a line."""
