"""The inbox's pages: one module per screen, and what they share."""
