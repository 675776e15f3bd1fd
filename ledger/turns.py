"""Turns at one account for browsers it does not know, however many processes serve them.

A lock of the account would stop guessing, and would be a way to keep an approver out at the hour she
is needed. An upper bound over all addresses has to turn somebody away unseen; so it turns away those
who come in a crowd, for seconds, and never a browser that the account knows (``ledger.browsers``).
"""

from __future__ import annotations

from sqlalchemy import select

from ledger import tables
from ledger.database import Database, now_ms
from ledger.names import normal
from ledger.pace import Booking, Pace, Paces

#: A hundred passwords at once (as many wrong ones in a row as NIST SP 800-63B, section 5.2.2, allows),
#: then 900 an hour; they are twelve characters long at least.
STRANGERS = Pace(burst=100, every_ms=4_000)

_user = tables.console_user


def line_up(database: Database, name: str, nobody: Paces, patience_ms: int) -> Booking:
    """Book a turn to try a password.

    Args:
        database: where the accounts are.
        name: as typed.
        nobody: ``STRANGERS`` for names that are no accounts, so that they behave alike.
        patience_ms: a turn that comes later than this is not booked.

    Returns:
        The turn. ``accounts.check_password`` gives it back for the right password.
    """
    wanted = normal(name)
    mine = select(_user).where(_user.c.name == wanted)
    with database.read() as connection:
        known = connection.execute(mine).first() is not None
    if not known:
        return nobody.book(wanted, patience_ms)
    with database.write() as connection:
        row = connection.execute(mine.with_for_update()).one()  # accounts are never deleted
        booking = STRANGERS.book(row.locked_until, now_ms(connection))
        if booking.wait_ms <= patience_ms:
            values = {"failures": row.failures + 1, "locked_until": booking.booked}
            connection.execute(_user.update().where(_user.c.id == row.id).values(**values))
    return booking


def given_back(booked: int) -> int:
    """Return an account's ``locked_until`` without one turn."""
    return STRANGERS.give_back(booked)
