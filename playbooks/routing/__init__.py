"""Routing: ordered rules over the alert and the person that choose playbook, mode and parameters."""
