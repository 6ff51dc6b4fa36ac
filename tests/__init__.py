"""The tests mirror the tree of dropbox; vectors, simulators, boundaries, docs and system stand beside it."""
