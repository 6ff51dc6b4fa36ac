"""Signed requests between desk or ministry and intake (RFC 9421): signing, client, replay memory."""
