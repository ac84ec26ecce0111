"""``python -m scripts.schema``: writes the JSON Schema of config.toml anew, from the model.

Into the package, for `passerelle init`, and beside the repository's own config.toml.
"""

from pathlib import Path

from passerelle.config.schema import schema_text

ROOT = Path(__file__).parents[1]
PLACES = (ROOT / "passerelle" / "config" / "config.schema.json", ROOT / "config.schema.json")


def main() -> None:
    """Writes both files."""
    for path in PLACES:
        path.write_bytes(schema_text())
        print(f"{path.relative_to(ROOT)} is written")


if __name__ == "__main__":
    main()
