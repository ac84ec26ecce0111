"""What is wrong with a config.toml that is no TOML, by the line a person typed, with its mend.

The parser says what it met; people typed a path of Windows, a text without quotes, a second
[orders]. The line itself tells which, so the mend can often be shown as the line to write.
https://toml.io/en/v1.0.0
"""

import re
import tomllib
from collections.abc import Callable

from passerelle.base.language import _
from passerelle.base.regex import regex
from passerelle.base.wording import shorten

# Values that may be, or hold, a password are never shown.
_SECRET = regex(r"password|secret|token|key|url|ledger", re.IGNORECASE)
_PAIR = regex(r"""\s*([\w.\-"']+)\s*=\s*(.*?)\s*$""")
_BARE = regex(r"""[^"'\[{#=]+""")
_COMMENT = regex(r"\s+#.*$")
_TABLE = regex(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?$")
# Word and phones put them in place of straight ones.
_CURLY = regex("[\u201c\u201d\u201e\u00ab\u00bb\u2018\u2019\u201a]")
_YES = frozenset({"true", "yes", "oui", "vrai", "on"})
_NO = frozenset({"false", "no", "non", "faux", "off"})
_TWO_VALUES = regex(r"""(?:"[^"]*"|'[^']*'|\b\d+)\s+(?:"|'|\d)""")
_DAY_FIRST = regex(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")
_HOUR_OF_DAY = regex(r"(\d{4}-\d{2}-\d{2}) (\d{1,2}):(\d{2})")
_QUOTED = regex(r"""("[^"]*"|'[^']*')""")
_LONGEST = 90
# By what the parser says of a value that does not end: the line on which one begins.
_BEGINNINGS = {
    "Unclosed array": re.compile(r"[^#\"']*=\s*\["),
    'Expected "\'"': re.compile(r"[^#\"']*=\s*'[^']*$"),
}


def fault_of_syntax(file: str, text: str, error: tomllib.TOMLDecodeError) -> str:
    """The fault as ``FILE:LINE: PROBLEM: MEND``, as all others; ``text`` is the file's."""
    message, _at, place = str(error).rpartition(" (at ")
    words = place.rstrip(")").replace(",", "").split()
    lines = text.split("\n")
    number = int(words[1]) if words[:1] == ["line"] else text.rstrip("\n").count("\n") + 1
    message = message or str(error)
    for told, begin in _BEGINNINGS.items():
        if told in message:
            number = _where_begins(begin, lines, number)
    found = (problem(lines, number, message) for problem in _PROBLEMS)
    told = next(filter(None, found), None) or _("{problem}: mend this line").format(
        problem=shorten(message, 200)
    )
    return f"{file}:{number}: {told}"


def written(key: str, value: str) -> str:
    """The line to write; a value that may be secret is left out."""
    quote = value[:1] if value[:1] in ("'", '"') else ""
    is_shown = not _SECRET.search(key) and "@" not in value and len(value) <= _LONGEST
    return f"{key} = {value if is_shown else f'{quote}...{quote}'}"


def hidden_value(line: str) -> str:
    """A line of config.toml for everybody's eyes."""
    key, value = _pair(line)
    return written(key, value) if _SECRET.search(key) else line


def _where_begins(begin: re.Pattern[str], lines: list[str], number: int) -> int:
    """The parser names the line where it gave up, which may be far below."""
    above = range(min(number, len(lines)), 0, -1)
    return next((n for n in above if begin.match(lines[n - 1])), number)


def _pair(line: str) -> tuple[str, str]:
    """Key and value of a line, without its comment; twice ``""`` where it is no such line."""
    found = _PAIR.match(line)
    return (found[1], _COMMENT.sub("", found[2])) if found else ("", "")


def _backslash(lines: list[str], number: int, message: str) -> str | None:
    key, value = _pair(lines[number - 1])
    is_open = value.endswith('\\"') and "Illegal" in message
    told = message.startswith(("Unescaped", "Invalid hex", "Escaped"))
    if "\\" not in value or not (told or is_open):
        return None
    is_simple = re.fullmatch(r"""\"[^"']*\"""", value) and r"\\" not in value[2:]
    if not is_simple:
        return _("between \"…\" a backslash must be doubled, \\\\; or write the text between '…'")
    mend = _('between "…" a backslash must be doubled: write {line} (with \' in place of ")')
    return mend.format(line=written(key, f"'{value[1:-1]}'"))


def _curly(lines: list[str], number: int, _message: str) -> str | None:
    _key, value = _pair(lines[number - 1])
    if not _CURLY.match(value):
        return None
    return _('these quotes are a word processor\'s: write straight ones, "…"')


def _twice(lines: list[str], number: int, message: str) -> str | None:
    if "twice" not in message and "overwrite" not in message:
        return None
    line = lines[number - 1]
    if not _TABLE.match(line) and not _pair(line)[0]:
        return None
    if table := _TABLE.match(line):
        names = (_TABLE.match(one) for one in lines[: number - 1])
        same = (n for n, name in enumerate(names, 1) if name and name[1] == table[1])
        if first := next(same, None):
            text = _("[{name}] stands on line {line} already: put all its keys below one of them")
            return text.format(name=table[1], line=first)
        return _("[{name}] stands above already, as a key: keep one").format(name=table[1])
    key, _value = _pair(line)
    begin = max((n for n in range(1, number) if _TABLE.match(lines[n - 1])), default=0)
    above = (n for n in range(begin + 1, number) if _pair(lines[n - 1])[0] == key)
    if first := next(above, None):
        return _('"{key}" stands on line {line} already: keep one').format(key=key, line=first)
    return _('"{key}" stands above already: keep one').format(key=shorten(key, 40))


def _unclosed_quote(lines: list[str], number: int, _message: str) -> str | None:
    _key, value = _pair(lines[number - 1])
    odd = next((quote for quote in ('"', "'") if value.count(quote) % 2), "")
    if not odd:
        return None
    return _("a quote {quote} is opened and not closed: put one behind the value").format(quote=odd)


def _table_bracket(lines: list[str], number: int, _message: str) -> str | None:
    line = lines[number - 1].strip()
    if not line.startswith("[") or (_TABLE.match(line) and " " not in line.strip("[] ")):
        return None
    name = ".".join(line.strip("[] \t").partition("#")[0].split())
    return _("brackets do not match: write {line}").format(line=f"[{shorten(name, 40)}]")


def _list(lines: list[str], number: int, _message: str) -> str | None:
    key, value = _pair(lines[number - 1])
    if not value.startswith("["):
        return None
    inner = value.strip("[]")
    if value.endswith("]") and _BARE.fullmatch(inner) and not inner.strip(" ,").isdigit():
        right = right_form(f"{inner.strip()},")
        return _("texts stand between quotes: write {line}").format(line=written(key, right))
    if any(_TWO_VALUES.search(line) for line in lines[number - 1 : number + 20]):
        return _('a comma stands between the values of a list: write ["…", "…"]')
    return _('a list is not closed: it ends with "]", and commas stand between its values')


def _equals(lines: list[str], number: int, _message: str) -> str | None:
    line = lines[number - 1]
    if "=" in line or not re.search(r"\w", line):
        return None
    if found := re.match(r"\s*([\w.\-]+)\s*:", line):
        return _('"=" stands between key and value, not ":": write {line}').format(
            line=f"{found[1]} = ..."
        )
    return _('"=" is missing between key and value: write key = "value"')


def _more_behind(lines: list[str], number: int, message: str) -> str | None:
    """A second value, or another key, behind a first one."""
    if not message.startswith("Expected newline"):
        return None
    key, value = _pair(lines[number - 1])
    parts = _QUOTED.findall(value)
    if key and len(parts) > 1 and not _QUOTED.sub("", value).strip(" ,;"):
        many = _("several values stand in a list: write {line}")
        return many.format(line=written(key, f"[{', '.join(parts)}]"))
    return _("nothing may stand behind a value: write each key on a line of its own")


def _strange_key(lines: list[str], number: int, message: str) -> str | None:
    """A key with an accent or a blank; or a value that begins with a second "="."""
    line = lines[number - 1]
    if re.match(r"\s*[\w.\-]+\s*==", line):
        return _('one "=" stands between key and value, not two')
    if "after a key" not in message or "=" not in line:
        return None
    key = line.partition("=")[0].strip()
    text = _("keys have plain letters, digits, - and _; another one stands between quotes: {line}")
    return text.format(line=f'"{shorten(key, 40)}" = …')


def _bare(lines: list[str], number: int, _message: str) -> str | None:
    """A value that is neither between quotes nor a number, a date, true or false."""
    key, value = _pair(lines[number - 1])
    if not key:
        return None
    if not value:
        return _('there is no value: write {line}, or put "#" before the line').format(
            line=f'{key} = ""'
        )
    if not _BARE.fullmatch(value):
        return None
    right = right_form(value, is_of_texts=key.endswith("ids"))
    text = _("write {line}") if right[0] != '"' else _("a text stands between quotes: write {line}")
    return text.format(line=written(key, right))


def right_form(value: str, *, is_of_texts: bool = False) -> str:
    """What was meant by a bare value, as TOML has it: a yes, a number, a French day, a text."""
    if value.lower() in _YES | _NO:
        return "true" if value.lower() in _YES else "false"
    if re.fullmatch(r"\d+,\d+", value):
        return value.replace(",", ".")
    if "," in value:
        parts = [part.strip() for part in value.split(",") if part.strip()]
        is_number = all(map(str.isdigit, parts)) and not is_of_texts
        texts = parts if is_number else [f'"{part}"' for part in parts]
        return f"[{', '.join(texts)}]"
    if share := re.fullmatch(r"(\d{1,2}) ?%", value):
        return f"0.{int(share[1]):02}"
    if moment := _HOUR_OF_DAY.fullmatch(value):
        return f"{moment[1]}T{int(moment[2]):02}:{moment[3]}:00"
    if day := _DAY_FIRST.fullmatch(value):
        return f"{day[3]}-{int(day[2]):02}-{int(day[1]):02}T00:00:00"
    return f"'{value}'" if "\\" in value else f'"{value}"'


# The first that knows the line counts.
_PROBLEMS: tuple[Callable[[list[str], int, str], str | None], ...] = (
    _twice,
    _table_bracket,
    _curly,
    _backslash,
    _list,
    _unclosed_quote,
    _equals,
    _strange_key,
    _bare,
    _more_behind,
)
