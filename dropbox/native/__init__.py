"""The reporter's client for a terminal: report, read, answer, carry sealed files, with and without a line."""
