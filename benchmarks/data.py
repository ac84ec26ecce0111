"""The files that the contenders work on, made from a seed: the same on every machine."""

import csv
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

SEED = 2026
STOCK_HEADER = ("ID", "Gencod", "Marque", "Désignation", "Taille", "Couleur", "Stock", "Prix TTC")
ORDER_HEADER = (
    *("ID commande", "Référence la commande", "État de la commande/Dénomination"),
    *("Ajout de dates", "Méthode de paiement", "Prénom", "Nom de famille", "Adresse e-mail"),
    *("Téléphone", "Adresse", "Code postal", "Ville", "Pays", "Transporteur"),
    *("Frais de port TTC", "Total payé", "ID de produits", "Référence de produits"),
    *("EAN 13 de produits", "Nom de produits", "Quantité de produits"),
    *("Prix unitaire TTC de produits", "Taux de TVA de produits"),
)
_MODELS = ("Bottine Éléa", "Derby Noé", "Sandale Zoé", "Basket Théo", "Mocassin Chloé")
_COLOURS = ("Noir", "Cuir étoilé", "Bleu nuit", "Écru", "Rouge carmin")
_TEXT = "tige cuir pleine fleur, doublure textile, semelle gomme, fabriquée au Portugal"


@dataclass(frozen=True)
class Shape:
    """How an ERP writes its stock file: its dialect, and what it puts into the columns that count.

    ``ids`` are the shop's ids, or blank, as where the ERP does not know them. ``items`` are plain
    numbers, the ERP's own references, or numbers with a blank behind them; ``mixed`` are a tenth
    of each of these, and of numbers the rest.
    """

    encoding: str = "cp1252"
    separator: str = ";"
    quoted: bool = False
    newlines: bool = False
    ids: Literal["known", "blank"] = "known"
    items: Literal["number", "reference", "spaced", "mixed"] = "number"
    decimals: bool = False


@dataclass(frozen=True)
class StockData:
    """A stock CSV of a shape, and the items of which every unit is held back."""

    path: Path
    missed: tuple[str, ...]
    shape: Shape


def ean(number: int) -> str:
    """The thirteen digits of an item, check digit included."""
    body = f"370{number:09}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return body + str(-total % 10)


def stock_csv(path: Path, lines: int, shape: Shape = Shape(), *, missed: int = 2_000) -> StockData:
    """Writes ``lines`` lines with CR LF; all fields between quotes where the shape says so.

    Where it has ``newlines``, every hundredth text holds a line end.
    """
    chance = random.Random(SEED)
    with path.open("w", encoding=shape.encoding, newline="") as file:
        writer = csv.writer(
            file,
            delimiter=shape.separator,
            quoting=csv.QUOTE_ALL if shape.quoted or shape.newlines else csv.QUOTE_MINIMAL,
            lineterminator="\r\n",
        )
        writer.writerow(STOCK_HEADER)
        writer.writerows(_stock_rows(chance, lines, shape))
    sold = chance.sample(range(lines), min(missed, lines // 2))
    return StockData(path, tuple(_item(number, shape).strip() for number in sold), shape)


def _stock_rows(chance: random.Random, lines: int, shape: Shape) -> Iterator[tuple[str, ...]]:
    for number in range(lines):
        text = f"{chance.choice(_MODELS)} {_TEXT[: 16 + number % 24]}"
        if shape.newlines and number % 100 == 0:
            text = text.replace(" ", "\n", 1)
        yield (
            str(300 + number // 40) if shape.ids == "known" else "",
            _item(number, shape),
            "Léon & Zoé",
            text,
            str(36 + number % 12),
            chance.choice(_COLOURS),
            f"{1 + number % 9}{',00' if shape.decimals else ''}",
            f"{49 + number % 150},00",
        )


def _item(number: int, shape: Shape) -> str:
    kinds = {"mixed": ("reference", "spaced", *("number",) * 8)}
    kind = kinds.get(shape.items, (shape.items,))
    match kind[number % len(kind)]:
        case "reference":
            return f"REF{number % 9}-{number:07}-{36 + number % 12}"
        case "spaced":
            return f"{ean(number)} "
        case _:
            return ean(number)


def order_csv(path: Path, lines: int) -> Path:
    """Writes ``lines`` order lines in UTF-8 with BOM, quoted, two or three lines an order."""
    chance = random.Random(SEED)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerow(ORDER_HEADER)
        writer.writerows(_order_rows(chance, lines))
    return path


def _order_rows(chance: random.Random, lines: int) -> Iterator[tuple[str, ...]]:
    written, order = 0, 1000
    while written < lines:
        order += 1
        head = _order_head(chance, order)
        for _ in range(min(chance.choice((2, 3)), lines - written)):
            item = chance.randrange(200_000)
            price = f"{49 + item % 150},90"
            name = f"{_MODELS[item % 5]} {_COLOURS[item % 3]} {36 + item % 12}"
            product = (str(item // 8), f"REF-{item // 8}", ean(item), name)
            yield (*head, *product, "1", price, "20,00")
            written += 1


def _order_head(chance: random.Random, order: int) -> tuple[str, ...]:
    who = chance.randrange(90_000)
    return (
        str(order),
        f"REF{order:07}",
        "Paiement accepté",
        f"2026-11-{1 + order % 28:02} {order % 24:02}:{order % 60:02}:00",
        "Carte bancaire",
        "Élodie",
        f"Lefèvre-{who}",
        f"client{who}@example.org",
        f"+33 6 {who:08}",
        f"{1 + who % 200} rue de l'Église",
        f"{10_000 + who % 85_000}",
        "Pau",
        "France",
        "Colissimo",
        "5,90",
        "165,90",
    )


def records(data: bytes, shape: Shape) -> list[list[str]]:
    """The cells of a CSV, to compare contenders that quote and end lines differently."""
    text = data.decode(shape.encoding).replace("\r\n", "\n")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=shape.separator))
