"""How many cases a generative test tries: a few in every run, thousands in `make fuzz`."""

from __future__ import annotations

from hypothesis import settings

#: The profile of `make fuzz`; ``max_examples`` is how many cases each adapter gets.
PROFILE = "fuzz"
settings.register_profile(
    PROFILE,
    max_examples=2000,
    deadline=None,
    print_blob=True,
)


def cases(few: int) -> int:
    """Return ``few``, or the profile's number where `make fuzz` has chosen it."""
    if settings.get_current_profile_name() == PROFILE:
        return settings.default.max_examples
    return few
