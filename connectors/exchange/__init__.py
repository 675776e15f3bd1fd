"""Exchange Online: what Microsoft Graph does not show of a mailbox."""
