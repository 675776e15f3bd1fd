"""Telling people, through apprise."""
