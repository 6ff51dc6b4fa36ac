"""One module per step of the schema; none is changed once released."""
