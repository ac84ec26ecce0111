"""click's own words, in the language spoken: by itself it asks the environment for one."""

from click import core, decorators, exceptions, formatting, parser, termui, types

from passerelle.base.language import N_, _, plural_of

_SPEAKERS = (core, decorators, exceptions, formatting, parser, termui, types)
# What click says to people; the pairs are one and many.
MESSAGES: tuple[str | tuple[str, str], ...] = (
    "Usage:",
    "Options",
    "Commands",
    "Show this message and exit.",
    "Show the version and exit.",
    "default: {default}",
    "required",
    "Aborted!",
    "Error: {message}",
    "Error: invalid input",
    "Missing command.",
    "Missing argument",
    "Missing option",
    "Missing parameter",
    "Choose from:\n\t{choices}",
    "No such option {name!r}.",
    "No such command {name!r}.",
    "Invalid value: {message}",
    "Invalid value for {param_hint}: {message}",
    "Option {name!r} does not take a value.",
    "Argument {name!r} takes {nargs} values.",
    "{value} is not in the range {range}.",
    "file",
    "directory",
    "path",
    "Could not open file {filename!r}: {message}",
    "{name} {filename!r} is a file.",
    "{name} {filename!r} is a directory.",
    "{name} {filename!r} is not readable.",
    "{name} {filename!r} is not writable.",
    "{name} {filename!r} does not exist.",
    ("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)"),
    ("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})"),
    ("Option {name!r} requires an argument.", "Option {name!r} requires {nargs} arguments."),
    ("{value!r} is not {choice}.", "{value!r} is not one of {choices}."),
    (
        "{value!r} does not match the format {format}.",
        "{value!r} does not match the formats {formats}.",
    ),
)

# click fills this one with English; all our numbers are whole.
IN_OUR_WORDS = {"{value!r} is not a valid {number_type}.": N_("{value!r} is not a whole number.")}


def _say(message: str) -> str:
    return _(IN_OUR_WORDS.get(message, message))


def teach_click() -> None:
    """Has click look its words up where ours are."""
    for module in _SPEAKERS:
        ours = {"_": _say, "ngettext": plural_of}
        vars(module).update({name: ours[name] for name in ours.keys() & vars(module)})
