"""One adapter a file: a vendor's events in, alerts out. Pure: no request, no clock, no state."""
