"""What ``rescind hunt`` shows and sends."""
