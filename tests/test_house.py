"""The house keeps its shape: imports run downward only, the pure rooms stay pure, and what people
read is marked for translation."""

import ast
import importlib
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from passerelle.base import errors

PACKAGE = Path(__file__).parents[1] / "passerelle"

# Lowest first. A room imports only from rooms in layers below its own.
LAYERS = (
    ("__init__", "base"),
    ("model",),
    ("config",),
    (
        "rules",
        "csv_to_xml",
        "stock_csv_fix",
        "archive",
        "remotes",
        "connectors",
        "schedule",
        "desktop",
        "ledger",
    ),
    ("exchange",),
    ("gateway", "health", "explain"),
    ("runs", "checks", "setup", "tills", "console"),
    ("fleet",),
    ("cli",),
    ("__main__",),
)
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}

PURE = ("model", "rules", "csv_to_xml", "stock_csv_fix")
# Files, clocks, logs, chance, other processes.
IMPURE_MODULES = {"os", "pathlib", "shutil", "tempfile", "socket", "subprocess", "time", "random",
                  "logging", "loguru", "sqlalchemy", "urllib"}  # fmt: skip
IMPURE_NAMES = {"open", "print", "input"}
IMPURE_METHODS = {"open", "read_text", "read_bytes", "write_text", "write_bytes", "now", "utcnow",
                  "today", "sleep", "to_csv"}  # fmt: skip

HEAVY = ("pandas", "openpyxl", "numpy", "paramiko", "keyring", "rich", "apprise", "jinja2", "httpx")

MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def modules_of(room: str) -> list[Path]:
    return [path for path in MODULES if room_of(path) == room]


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """All nodes of a module, its root first."""
    return tuple(ast.walk(ast.parse(path.read_text("utf-8"))))


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """The names of all modules that a module imports, wherever in it, with their lines."""
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno}: write imports out in full"
            yield from ((node.lineno, f"{node.module}.{name.name}") for name in node.names)


def rooms_used(path: Path) -> Iterator[tuple[int, str]]:
    """The rooms that a module imports from; the package itself is the room ``__init__``."""
    for line, name in imported(path):
        package, _, rest = name.partition(".")
        if package == "passerelle":
            room = rest.partition(".")[0]
            yield line, room if room in LEVEL else "__init__"


def test_every_room_has_its_place() -> None:
    assert {room_of(path) for path in MODULES} == LEVEL.keys()
    assert len(LAYERS) <= 10
    assert len([room for room in LEVEL if not room.startswith("__")]) <= 23


@pytest.mark.parametrize("room", LEVEL)
def test_imports_run_downward_only(room: str) -> None:
    upward = [
        f"{path.relative_to(PACKAGE)}:{line}: {room} imports {used}"
        for path in modules_of(room)
        for line, used in rooms_used(path)
        if used != room and LEVEL[used] >= LEVEL[room]
    ]
    assert upward == []


@pytest.mark.parametrize("room", PURE)
def test_the_pure_rooms_open_no_file_read_no_clock_and_say_nothing(room: str) -> None:
    assert [impurity for path in modules_of(room) for impurity in impurities(path)] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import os.path", "os"),
        ("from pathlib import Path", "pathlib"),
        ("def f():\n    from loguru import logger", "loguru"),
        ("open('x')", "open"),
        ("print(1)", "print"),
        ("p.read_text()", "read_text"),
        ("datetime.now(UTC)", "now"),
        ("date.today()", "today"),
    ],
)
def test_an_impurity_is_found(tmp_path: Path, text: str, found: str) -> None:
    path = tmp_path / "room.py"
    path.write_text(text, encoding="utf-8")
    assert [impurity.rpartition(" ")[2] for impurity in impurities(path)] == [found]


def impurities(path: Path) -> Iterator[str]:
    for line, name in imported(path):
        if name.partition(".")[0] in IMPURE_MODULES:
            yield f"{path.name}:{line}: imports {name.partition('.')[0]}"
    for node in nodes_of(path):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in IMPURE_NAMES:
                yield f"{path.name}:{node.lineno}: calls {called.id}"
            if isinstance(called, ast.Attribute) and called.attr in IMPURE_METHODS:
                yield f"{path.name}:{node.lineno}: calls {called.attr}"


def test_rules_know_words_and_settings_only() -> None:
    used = {room for path in modules_of("rules") for _line, room in rooms_used(path)}
    assert used <= {"rules", "base", "model", "config", "__init__"}
    words = (dotted(path) for room in ("model", "rules") for path in modules_of(room))
    assert "sqlalchemy" not in modules_loaded_by(*words)


def test_a_class_name_stands_once() -> None:
    names = Counter(
        node.name for path in MODULES for node in nodes_of(path) if isinstance(node, ast.ClassDef)
    )
    assert [name for name, number in names.items() if number > 1] == []


def test_a_run_asks_in_one_place_whether_it_is_a_dry_one() -> None:
    asked = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in MODULES
        for node in nodes_of(path)
        if isinstance(node, (ast.If, ast.IfExp, ast.BoolOp))
        if "dry_run" in ast.dump(node.test if not isinstance(node, ast.BoolOp) else node)
        and room_of(path) != "cli"
    ]
    # The one decides what is opened, the other what is done.
    assert [place.partition(":")[0] for place in asked] == ["gateway/frame.py"] * 2


def test_a_stage_is_written_in_one_place() -> None:
    """One state machine for whatever is promised to a server, and its pool's shops at once."""
    writers = {
        path.relative_to(PACKAGE).as_posix()
        for path in MODULES
        for node in nodes_of(path)
        if is_call_of(node, {"values"}) and isinstance(node, ast.Call)
        if any(word.arg == "stage" for word in node.keywords)
    }
    assert writers == {"ledger/outbox.py", "ledger/pool_booking.py"}


# Whoever adds a run, a kind of server or a system to speak with, touches as many files.
POOLS_OWN = ("pool", "runs/__init__", "model/", "ledger/")


def test_few_rooms_know_of_the_pool() -> None:
    """A measure of how far a feature reaches: its own files, and at most so many others."""
    knowing = [
        path.relative_to(PACKAGE).as_posix()
        for path in MODULES
        if re.search(r"\bpool\b", path.read_text("utf-8"))
    ]
    others = [name for name in knowing if not any(own in name for own in POOLS_OWN)]
    assert len(others) <= 19, others


def regexes_of(path: Path) -> list[str]:
    """The module's names for regular expressions that are compiled later."""
    tree = nodes_of(path)[0]
    assert isinstance(tree, ast.Module)
    return [
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        if getattr(node.value.func, "id", "") == "regex"
        for target in node.targets
        if isinstance(target, ast.Name)
    ]


def test_every_regular_expression_compiles() -> None:
    tried = 0
    for path in MODULES:
        if names := regexes_of(path):
            parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
            module = importlib.import_module(".".join(parts).removesuffix(".__init__"))
            for name in names:
                assert getattr(module, name).groups >= 0, f"{path.name}: {name}"
                tried += 1
    assert tried > 100


def test_convert_and_fix_pay_for_no_ledger_no_server_and_no_page() -> None:
    unneeded = {*HEAVY, "sqlalchemy", "passerelle.gateway.frame", "passerelle.health"}
    assert modules_loaded_by("passerelle.cli.converting").isdisjoint(unneeded)
    assert modules_loaded_by("passerelle.runs.rehearsal").isdisjoint(unneeded)
    fixing = modules_loaded_by("passerelle.runs.fixing")
    others = {"lxml", "passerelle.csv_to_xml.order_csv", "passerelle.rules.pool"}
    assert fixing.isdisjoint(unneeded - {"numpy"} | others | {"passerelle.model.records"})


def test_a_run_of_orders_pays_for_no_heavy_library() -> None:
    assert modules_loaded_by("passerelle.cli", "passerelle.runs.orders").isdisjoint(HEAVY)


@pytest.mark.parametrize(
    "run", ["stock", "pool", "tills", "sync", "fulfil", "export", "comparison"]
)
def test_who_writes_no_spreadsheet_loads_no_library_for_it(run: str) -> None:
    loaded = modules_loaded_by("passerelle.cli.tables", f"passerelle.runs.{run}")
    assert loaded.isdisjoint({"pandas", "openpyxl"})


@pytest.mark.parametrize("run", ["orders", "tills", "pool_tills", "stock"])
def test_no_run_loads_the_till_server(run: str) -> None:
    loaded = modules_loaded_by(
        "passerelle.cli", f"passerelle.runs.{run}", "passerelle.health.status"
    )
    assert loaded.isdisjoint({"starlette", "uvicorn", "passerelle.tills"})
    assert run != "orders" or "passerelle.ledger.till_book" not in loaded


def replacements(path: Path) -> Iterator[tuple[int, str]]:
    """What ``replace`` is told to replace in records."""
    names = {
        alias.name
        for node in nodes_of(path)
        if isinstance(node, ast.ImportFrom) and node.module == "msgspec.structs"
        for alias in node.names
    }
    for node in nodes_of(path):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in names & {"replace"}:
            yield from ((node.lineno, word.arg) for word in node.keywords if word.arg)


def test_what_is_replaced_in_a_record_is_a_field_of_one() -> None:
    """mypy does not look at the words of msgspec's ``replace``."""
    fields = {
        node.target.id
        for path in MODULES
        for record in nodes_of(path)
        if isinstance(record, ast.ClassDef) and any(map(is_struct, record.bases))
        for node in record.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    found = [(path, *one) for path in MODULES for one in replacements(path)]
    assert len(found) > 50
    assert [(str(path), line, word) for path, line, word in found if word not in fields] == []


def is_struct(base: ast.expr) -> bool:
    return isinstance(base, ast.Name) and base.id == "Struct"


def dotted(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules_loaded_by(*modules: str) -> set[str]:
    """What a fresh interpreter has loaded once it imported these."""
    code = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        cwd=PACKAGE.parent,
        encoding="utf-8",
    )
    return set(done.stdout.split())


# What people read is marked for translation: by `_`, or by `n_` where a number decides.
MARKS = {"_", "n_", "N_"}
# What is given to these is read by people.
TOLD = {
    *(name for name, kind in vars(errors).items()
      if isinstance(kind, type) and issubclass(kind, errors.PasserelleError)),
    *("ValueError", "Fault", "Verdict", "_hold", "_fault", "say", "warn", "echo"),
    *("_say", "_print", "_not_ready", "ok", "warning", "fault", "ChangedOrder", "Outcome", "_at"),
    *("prompt", "_tell"),
}  # fmt: skip
# Not words but a line of config.toml, a command, or the beginning of an error's line.
NO_MESSAGES = {
    ("deadline.py", "time_limit = {}s"),
    ("__init__.py", "passerelle run orders"),
    ("__init__.py", "passerelle run stock"),
    ("__main__.py", "passerelle: {}"),
    ("common.py", "passerelle: {}"),
    ("preparing.py", "passerelle: {}"),
    ("common.py", "passerelle: {}: {}"),
    ("schtasks.py", "`passerelle schedule install`"),
    ("looking.py", "Passerelle, {}\n"),
}


def at_import(tree: ast.AST) -> Iterator[ast.AST]:
    """What runs when a module is imported: all but the bodies of its functions."""
    yield tree
    if isinstance(tree, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        arguments = [tree.args, *getattr(tree, "decorator_list", ())]
        for part in arguments:
            yield from at_import(part)
        return
    for part in ast.iter_child_nodes(tree):
        yield from at_import(part)


def is_call_of(node: ast.AST, names: Collection[str]) -> bool:
    """Whether a node calls a function, or a method, of one of these names."""
    called = node.func if isinstance(node, ast.Call) else None
    name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
    return name in names


def words_in(node: ast.AST) -> Iterator[str]:
    """The unmarked words in an expression; a format such as ``{at:%H %M}`` is none."""
    if is_call_of(node, MARKS):
        assert isinstance(node, ast.Call)
        parts: Iterable[ast.AST] = node.keywords
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(getattr(part, "value", "")) if isinstance(part, ast.Constant) else "{}"
                      for part in node.values)  # fmt: skip
        parts = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
    else:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        parts = ast.iter_child_nodes(node)
    for part in parts:
        yield from words_in(part)


def unmarked(path: Path) -> Iterator[str]:
    """The messages of a module that would be English in French."""
    for node in nodes_of(path):
        if not is_call_of(node, TOLD):
            continue
        assert isinstance(node, ast.Call)
        for text in (text for part in (*node.args, *node.keywords) for text in words_in(part)):
            is_message = " " in text.strip() and any(char.isalpha() for char in text)
            if is_message and (path.name, text) not in NO_MESSAGES:
                yield f"{path.name}:{node.lineno}: {text}"


def mismarked(path: Path) -> Iterator[str]:
    """Marks that cannot work."""
    for node in at_import(nodes_of(path)[0]):
        if isinstance(node, ast.Call) and is_call_of(node, {"_", "n_"}):
            yield f"{path.name}:{node.lineno}: translated before a language is chosen"
    for node in nodes_of(path):
        if is_call_of(node, MARKS) and isinstance(node, ast.Call):
            if any(isinstance(part, (ast.JoinedStr, ast.BinOp)) for part in node.args[:2]):
                yield f"{path.name}:{node.lineno}: no literal, which nobody can extract"
        elif isinstance(node, (ast.FunctionDef, ast.Lambda)):
            names = [name for name in ast.walk(node) if isinstance(name, ast.Name)]
            bound = any(name.id == "_" and isinstance(name.ctx, ast.Store) for name in names)
            if bound and any(is_call_of(part, {"_"}) for part in ast.walk(node)):
                yield f"{path.name}:{node.lineno}: uses _ for a value too"


@pytest.mark.parametrize("room", sorted(LEVEL))
def test_what_people_read_is_marked_for_translation(room: str) -> None:
    assert [message for path in modules_of(room) for message in unmarked(path)] == []


@pytest.mark.parametrize("room", LEVEL)
def test_marks_for_translation_can_work(room: str) -> None:
    assert [mistake for path in modules_of(room) for mistake in mismarked(path)] == []


@pytest.mark.parametrize(
    "text",
    [
        'raise ConfigError("it is bad")',
        'raise HeldError(f"{n} is bad", where, _("mend it"))',
        'raise ValueError(_("{n} is bad").format(n=n or "the root"))',
        'return NotFoundError(what, mend="look again")',
        'trace.say(f"{n} orders", at)',
        'raise ValueError("a" if x else "so bad")',
    ],
)
def test_an_unmarked_message_is_found(tmp_path: Path, text: str) -> None:
    path = tmp_path / "room.py"
    path.write_text(f"def f():\n    {text}\n", encoding="utf-8")
    assert len(list(unmarked(path))) == 1


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('X = _("it is bad")', "translated before"),
        ('class A:\n    x = n_("a", "b", 1)', "translated before"),
        ('def f(x=_("it is bad")):\n    pass', "translated before"),
        ('def f():\n    return _(f"{x} is bad")', "no literal"),
        ('def f():\n    return _("a" + b)', "no literal"),
        ('def f():\n    a, _, b = x\n    return _("it is bad")', "uses _ for a value too"),
    ],
)
def test_a_mark_that_cannot_work_is_found(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "room.py"
    path.write_text(text, encoding="utf-8")
    assert [fault in found for found in mismarked(path)] == [True]


@pytest.mark.parametrize(
    "text",
    [
        'def f():\n    raise ConfigError(_("it is bad"), f"{file}:{line}", f"{_(\'mend it\')}")',
        'def f():\n    raise ValueError(n_("{n} is", "{n} are", 2, at=f"{at:%H %M}"))',
        'def f():\n    raise ValueError(problem.format(names=", ".join(names)))',
        'X = {"a": N_("it is bad")}',
        'f = lambda: _("it is bad")',
    ],
)
def test_what_is_marked_well_is_not(tmp_path: Path, text: str) -> None:
    path = tmp_path / "room.py"
    path.write_text(text, encoding="utf-8")
    assert [*unmarked(path), *mismarked(path)] == []
