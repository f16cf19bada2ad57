"""A page that is closed while one of its threads ends is closed all the same.

Solara 1.64 keeps a table of which page each thread belongs to. Closing a page copies the table and
then deletes the page's threads from it, one by one; a thread that ends in between takes itself out
first, the deletion raises a `KeyError`, and the server prints a traceback for a browser tab that
somebody closed.
"""

from solara.server import kernel_context

__all__ = ["mend_closing"]


class _Threads(dict[str, kernel_context.VirtualKernelContext | None]):
    """The page of each thread, where what is gone already may be deleted."""

    def __delitem__(self, thread: str) -> None:
        self.pop(thread, None)


def mend_closing() -> None:
    """Have Solara close pages whatever their threads do meanwhile."""
    if not isinstance(kernel_context.current_context, _Threads):
        kernel_context.current_context = _Threads(kernel_context.current_context)
