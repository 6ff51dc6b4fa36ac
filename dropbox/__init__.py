"""An independent whistleblowing drop-box: one package per role, see docs/architecture.md."""
