"""The onion services of the intake host, their keys, and the control port of tor: no other process has it."""
