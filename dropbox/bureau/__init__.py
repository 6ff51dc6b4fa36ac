"""The desk: where the bureau opens, reads, answers and refers."""
