"""The frozen programs begin here."""

from passerelle.__main__ import main

if __name__ == "__main__":
    main()
