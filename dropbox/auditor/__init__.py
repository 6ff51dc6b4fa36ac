"""Visits the host as a reporter does, and says whether it serves everybody the same, signed by the right keys."""
