"""Who is signed in: the session behind a browser's cookie."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ledger import accounts, browsers, sessions
from ledger.accounts import User
from ledger.budget import RecordBudget
from tasks.service import Service
from web.guard import Guard, Who
from web.places import Places
from web.security import served_over_https

#: Longer cookies are nobody's.
_MAX_COOKIE = 200


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever is signed in. ``account_ids`` are this person's own accounts in the tenants."""

    id: str
    name: str
    role: str
    account_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cookies:
    """What a browser gets when somebody signs in: the session, and the mark by which it is known."""

    session: str
    mark: str


class Auth:
    """Signing in, staying so for a while, and signing out."""

    def __init__(self, service: Service) -> None:
        """``service`` holds the accounts and how long sessions last."""
        self._service = service
        self._secure = served_over_https(service.settings.web)
        # Browsers keep a __Host- cookie to this very host, all of it, and HTTPS (RFC 6265bis).
        self.cookie = "__Host-rescind" if self._secure else "rescind"
        self.mark = f"{self.cookie}-known"
        self._guard = Guard(service.database)
        self._places = Places()
        self._failures = RecordBudget()

    async def visitor(self, request: Request) -> Visitor | None:
        """Return who is signed in; None where nobody is, or the session is over."""
        cookie = self._sent(request, self.cookie)
        if cookie is None:
            return None
        user = await run_in_threadpool(
            sessions.find_session,
            self._service.database,
            cookie,
            idle_minutes=self._service.settings.web.session_idle_minutes,
        )
        return None if user is None else _visitor(user)

    async def sign_in(self, request: Request, name: str, password: str) -> Cookies | None:
        """Open a session; None where name and password are of no use.

        Raises:
            Slowed: the password was not tried (see ``web.guard``).
        """
        browser = await self._known(request, name)
        async with self._guard.letting(Who(name, self._places.of(request), browser)) as tried:
            cookies = await run_in_threadpool(
                self._sign_in,
                name,
                password,
                remote=request.client.host if request.client else "",
                replacing=self._sent(request, self.cookie),
                lined_up=browser is None,
            )
            tried.right = cookies is not None
        return cookies

    def _sign_in(
        self, name: str, password: str, *, remote: str, replacing: str | None, lined_up: bool
    ) -> Cookies | None:
        database, audit = self._service.database, self._service.audit
        user = accounts.check_password(
            database,
            audit,
            name,
            password,
            remote=remote,
            lined_up=lined_up,
            records=self._failures,
        )
        if user is None:
            return None
        hours = self._service.settings.web.session_hours
        session = sessions.open_session(database, user, hours=hours, replacing=replacing)
        return Cookies(session, browsers.mark(database, user))

    async def _known(self, request: Request, name: str) -> str | None:
        mark = self._sent(request, self.mark)
        if mark is None:
            return None
        return await run_in_threadpool(browsers.known, self._service.database, name, mark)

    async def sign_out(self, request: Request) -> None:
        """End the session the request came with, if any."""
        cookie = self._sent(request, self.cookie)
        if cookie is not None:
            await run_in_threadpool(
                sessions.close_session, self._service.database, self._service.audit, cookie
            )

    def give_cookies(self, response: Response, cookies: Cookies) -> None:
        """Put the session into the browser, until it is closed, and the mark, for months."""
        response.set_cookie(
            self.cookie, cookies.session, secure=self._secure, httponly=True, samesite="lax"
        )
        response.set_cookie(
            self.mark,
            cookies.mark,
            max_age=browsers.DAYS * 24 * 3600,
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )

    def take_cookie(self, response: Response) -> None:
        """Take the session out of the browser, which stays a known one."""
        response.delete_cookie(self.cookie, secure=self._secure, httponly=True, samesite="lax")

    @staticmethod
    def _sent(request: Request, name: str) -> str | None:
        cookie = request.cookies.get(name)
        return cookie if cookie and len(cookie) <= _MAX_COOKIE else None


def _visitor(user: User) -> Visitor:
    return Visitor(user.id, user.name, user.role.value, user.account_ids)
