"""What the process of a connection says of it to the acceptor: records of one byte each, over the lease.

The acceptor never reads a request, so this is all that it learns: how many there were, whether an upload is open, and
how many mebibytes went either way. A record of another kind is ignored.
"""

REQUEST = b"r"
UPLOAD = b"u"  # within the request just reported
DONE = b"d"  # that upload is over
MEBIBYTE = b"m"

UPLOAD_LEAST = 64 << 10  # bytes of a body; a form without files is shorter
COUNTED = 1 << 20  # bytes that a `MEBIBYTE` stands for
