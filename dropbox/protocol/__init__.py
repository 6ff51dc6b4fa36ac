"""What both ends must agree on: bytes in, bytes out, no I/O. Specified in docs/protocol.md."""
