"""Okta, through its management API."""
