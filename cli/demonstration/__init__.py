"""The demonstration: a thief, a tenant, Rescind, and a responder, on this machine alone."""
