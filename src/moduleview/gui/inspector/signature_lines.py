"""A signature with an argument a line where it is too long to be read at a glance."""

from __future__ import annotations

_LONGEST = 60  # characters in one line
_OPENING, _CLOSING = "([{", ")]}"


def signature_lines(signature: str) -> str:
    """``f(a, b=1) -> c`` as it is, or with each argument on a line of its own."""
    if len(signature) <= _LONGEST or "(" not in signature:
        return signature
    head, _, rest = signature.partition("(")
    arguments: list[str] = [""]
    depth, quote = 0, ""
    for at, letter in enumerate(rest):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in _CLOSING and depth == 0:
            lines = "".join(f"    {argument.strip()},\n" for argument in arguments if argument.strip())
            return f"{head}(\n{lines}{rest[at:]}"
        elif letter in _OPENING + _CLOSING:
            depth += 1 if letter in _OPENING else -1
        elif letter == "," and depth == 0:
            arguments.append("")
            continue
        arguments[-1] += letter
    return signature
