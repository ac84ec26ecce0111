"""Target: the program itself on damaged files: an exit code of the table, one line, no crash."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import strategies as st

from tests.fuzz import Target, config_toml, order_csv, stock_csv
from tests.fuzz.mutating import mutated, replace_cell
from tests.golden import FOLDER
from tests.shell import run_program

EXIT_CODES = {0: "done", 3: "configuration", 4: "not ready", 5: "some rejected", 6: "held"}
BASE = (FOLDER / "base.toml").read_bytes()
ORDERS = [sample.data for sample in order_csv.SAMPLES]


@dataclass(frozen=True)
class Case:
    """The three files."""

    command: str
    config: bytes
    orders: bytes
    stock: bytes


def check(case: Case) -> str:
    """Runs ``convert`` or ``fix``; returns its exit code and what that means."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config.toml").write_bytes(case.config)
        (folder / "orders.csv").write_bytes(case.orders)
        (folder / "stock.csv").write_bytes(case.stock)
        files = (
            ("orders.csv",)
            if case.command == "convert"
            else ("stock.csv", "--orders", "orders.csv")
        )
        result = run_program(case.command, *files, "-o", "out", cwd=folder)
        assert result.exit_code in EXIT_CODES, result.stderr
        assert "fault in Passerelle itself" not in result.stderr
        assert config_toml.SECRET not in result.text
        assert result.exit_code == 5 or (folder / "out").exists() == (result.exit_code == 0)
        assert result.exit_code == 0 or "passerelle: " in result.stderr
    return f"{case.command}: exit code {result.exit_code} ({EXIT_CODES[result.exit_code]})"


PROGRAM = Target(
    "the program",
    st.builds(
        Case,
        st.sampled_from(["convert", "fix"]),
        st.just(BASE) | mutated([BASE, config_toml.FILLED], *config_toml.EDITS, most=2),
        mutated(ORDERS, replace_cell, most=2),
        mutated(sorted(stock_csv.DATA.values()), replace_cell, most=1),
    ),
    check,
    frozenset({"convert: exit code 0 (done)", "convert: exit code 3 (configuration)"}),
)
