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


class DatabaseBusy(DatabaseUnreachable):
    """Others hold for too long what this had to wait for."""

    remedy = "It is tried again by itself; where it goes on, look at the database's own log."


class Deadlock(DatabaseBusy):
    """Two transactions waited for each other, and the database ended this one."""


class LockLost(LedgerError):
    """The database has given this process's lock to others, or does not answer."""

    remedy = "Nothing to do: what it was held for is looked at and tried again."


class ClaimLost(LedgerError):
    """Another worker holds this step now."""

    remedy = "Nothing to do: the other worker finishes the step."


class AlertLost(LedgerError):
    """Another worker has taken this alert up."""

    remedy = "Nothing to do: the other worker goes on with the alert."


class PollerLost(LedgerError):
    """Another process reads this log now."""

    remedy = "Nothing to do: the other process goes on with the log."


class PausedByPerson(LedgerError):
    """All changes are paused by a person."""

    remedy = "`rescind resume` lets the waiting steps go on."


class PasswordRefused(LedgerError):
    """This password cannot be taken."""

    remedy = "Choose one of 12 characters or more; a few random words do well."


class NameRefused(LedgerError):
    """This cannot be the name of an account."""

    remedy = "Use 1 to 200 printable characters without spaces, for example a mail address."


class NameTaken(LedgerError):
    """There is an account of this name already."""

    remedy = "Choose another name, or see `rescind users list`."


class UnknownUser(LedgerError):
    """There is no account of this name."""

    remedy = "See `rescind users list`."


class UnknownRole(LedgerError):
    """There is no such role."""

    remedy = "The roles are viewer, responder, approver, auditor and admin."


class SealKeyUnusable(LedgerError):
    """The key that seals what is handed over is not 32 bytes in base64."""

    remedy = "Set handover.key to what `openssl rand -base64 32` prints."


class NotSealedHere(LedgerError):
    """What waits to be handed over cannot be opened with this key."""

    remedy = "Where handover.key was changed, set the earlier one; else let another be made."
