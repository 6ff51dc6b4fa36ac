"""The untrusted store: keeps sealed envelopes, boards and cards, and can read none of them."""
