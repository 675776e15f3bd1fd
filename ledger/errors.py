"""What can go wrong where things are kept."""

from __future__ import annotations


class LedgerError(Exception):
    """The ledger cannot do what was asked."""

    remedy: str = "Look at the database's own log."


class NotMigrated(LedgerError):
    """The database's tables are not those of this version."""

    remedy = "Run `rescind migrate` with this version, then start again."


class NewerDatabase(NotMigrated):
    """A later version of Rescind has migrated this database."""

    remedy = "Start that version again, or one after it; tables are not taken back."


class DatabaseUnreachable(LedgerError):
    """The database does not answer."""

    remedy = "Check database.url, and that the server runs and lets this machine in."


class ClaimLost(LedgerError):
    """Another worker holds this step now."""

    remedy = "Nothing to do: the other worker finishes the step."


class PausedByPerson(LedgerError):
    """All changes are paused by a person."""

    remedy = "`rescind resume` lets the waiting steps go on."
