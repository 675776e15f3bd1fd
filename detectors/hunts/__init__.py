"""Hunts: questions over days of sign-in, token and audit logs that no single alert answers."""
