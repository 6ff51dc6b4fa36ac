"""The reporter's client without I/O: what may happen next, and what goes over the wire for it."""
