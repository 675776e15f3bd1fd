"""What can be done in an Auth0 tenant."""
