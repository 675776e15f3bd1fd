"""The logs, written as Parquet by DuckDB from a seed."""

from __future__ import annotations

from pathlib import Path

import duckdb

from generated_logs.audits import AUDIT, AUDIT_MACROS
from generated_logs.auth0 import AUTH0
from generated_logs.company import DAYS, MACROS, PEOPLE, PLACES, USES, USES_PER_PERSON
from generated_logs.entra import ENTRA_NOISE, ENTRA_STOLEN, entra
from generated_logs.okta import OKTA_NOISE, OKTA_STOLEN, okta
from generated_logs.thefts import KINDS, THEFTS

#: So many people at once are written, to bound what the generator takes.
_SLICE = 4000


def generate(folder: Path, rows: int, thefts: int, seed: int) -> dict[str, str]:
    """Write the logs; return each victim's sign-in name with the kind of theft."""
    people = rows // USES_PER_PERSON
    connection = duckdb.connect(str(folder / "generator.duckdb"))
    connection.execute("SET threads = 2")
    connection.execute("SET memory_limit = '3GB'")
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(f"SET temp_directory = '{folder}'")
    kinds = ", ".join(f"'{kind}'" for kind in KINDS)
    connection.execute(f"SET VARIABLE seed = {seed}")
    connection.execute(f"SET VARIABLE people = {people}")
    connection.execute(f"SET VARIABLE thefts = {thefts}")
    connection.execute(f"SET VARIABLE kinds = [{kinds}]")
    connection.execute(MACROS)
    connection.execute(AUDIT_MACROS)
    connection.execute(PEOPLE.format(places=", ".join(str(place) for place in PLACES)))
    connection.execute(USES.format(per=USES_PER_PERSON, days=DAYS))
    connection.execute(THEFTS)
    logs = folder / "logs"
    logs.mkdir()

    def write(name: str, query: str) -> None:
        connection.execute(f"COPY ({query}) TO '{logs / name}.parquet' (FORMAT parquet)")

    for first in range(0, people, _SLICE):
        last = min(first + _SLICE, people) - 1
        write(f"signin-{first:06}", entra(ENTRA_NOISE.format(first=first, last=last)))
    write("signin-stolen", entra(ENTRA_STOLEN))
    write("okta", okta(OKTA_NOISE))
    write("okta-more", okta(OKTA_STOLEN))
    write("auth0", AUTH0)
    write("audit", AUDIT)
    victims = dict(connection.execute("SELECT upn, theft_kind FROM stolen").fetchall())
    connection.close()
    return victims
