"""The callables that a user has passed to the endpoint."""

from collections.abc import Callable
from typing import Any

from pytest_soblob.stub.endpoint._service import failed_response_of
from pytest_soblob.stub.endpoint._user_code import Raised, UserCodeError, is_ours, run


class UserFunctions:
    """Functions of one argument, by the name of the endpoint's parameter.

    Args:
        note: Called with each error that one of them raises.
        functions: The functions; None for a parameter that was not given.
    """

    def __init__(
        self, note: Callable[[Raised], object], **functions: Callable[[Any], object] | None
    ) -> None:
        self._note = note
        self._functions = {name: f for name, f in functions.items() if f is not None}

    def has(self, name: str) -> bool:
        """Return True if there is a function of that name."""
        return name in self._functions

    def call(self, name: str, argument: object, connection: int | None) -> Any:
        """Call a function and return its result, or None if there is no such function.

        If the function raises, the result is the response for the client.

        Args:
            name: Name of the parameter.
            argument: Argument of the function.
            connection: Number of the connection, or None in the client's own thread.
        """
        function = self._functions.get(name)
        if function is None:
            return None
        if is_ours(function):
            return function(argument)
        try:
            return run(f"{name}=", lambda: function(argument), in_server=connection is not None)
        except UserCodeError as error:
            self._note(error.raised)
            return failed_response_of(error.raised)
