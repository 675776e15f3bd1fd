"""Telling applications that a person's sessions are over: security event tokens, and log-out requests."""
