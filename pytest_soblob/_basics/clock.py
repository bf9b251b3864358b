"""The real monotonic time, unaffected by a test's own clock.

freezegun, time-machine and similar libraries replace `time.monotonic` in every module. A server
that used the replacement would wait forever.
"""

import time

if hasattr(time, "clock_gettime"):

    def now() -> float:
        """Return seconds since an arbitrary moment, as an unpatched `time.monotonic` does."""
        return time.clock_gettime(time.CLOCK_MONOTONIC)

else:  # pragma: no cover -- Windows; keeps the function as it is at import
    now = time.monotonic
