"""What servers say of a file that they refuse, in their own words."""

import pytest

from passerelle.remotes.replies import cause_in

ABSENT = [
    "550 No such file",
    "550 commandes.csv: No such file or directory",  # ProFTPD
    "550 Can't open commandes.csv: No such file or directory",  # Pure-FTPd
    "550 Impossible d'ouvrir commandes.csv: Aucun fichier ou dossier de ce type",
    "550 The system cannot find the file specified. ",  # IIS
    "550-Le fichier spécifié est introuvable.\n Win32 error\n550 End",
    "550 Le chemin d\N{RIGHT SINGLE QUOTATION MARK}accès spécifié est introuvable.",
    "550 Das System kann die angegebene Datei nicht finden.",
    "550 File not found",  # FileZilla
    '550 CWD failed. "/import": directory not found.',
    "450 commandes.csv: No such file or directory",
    "550 El archivo no existe",
]
DENIED = [
    "550 Permission denied.",
    "550 commandes.csv: Permission denied",
    "550 Can't open commandes.csv: Permission non accordée",
    "550 Impossible de trouver la taille du fichier: Permission denied",
    "550 Access is denied. ",
    "550 Accès refusé.",
    "553 Prohibited: not allowed",
]
NEITHER = [
    "550 Failed to open file.",  # vsftpd
    "550 Could not get file size.",
    "553 Could not create file.",
    "550 Couldn't open the file or directory",  # FileZilla
    "550 Sorry, but that file doesn't exist",  # Pure-FTPd, also of a folder that it may not enter
    "550 Le fichier n'existe pas",
    "550 Requested action not taken: file unavailable (e.g. file not found, no access).",
    "550 File not found or access denied.",
    "550 End",
]
BUSY = [
    "550 The process cannot access the file because it is being used by another process. ",
    "550 Le processus ne peut pas accéder au fichier, car il est utilisé par un autre processus.",
]

THERE = [
    "550 File exists",
    "550 Cannot create a file when that file already exists. ",  # IIS
    "550 Impossible de créer un fichier déjà existant : le fichier existe déjà.",
]


@pytest.mark.parametrize(
    ("reply", "cause"),
    [(r, "absent") for r in ABSENT] + [(r, "denied") for r in DENIED]
    + [(r, "") for r in NEITHER] + [(r, "busy") for r in BUSY] + [(r, "there") for r in THERE],
)  # fmt: skip
def test_one_thing_is_told_from_another(reply: str, cause: str) -> None:
    assert cause_in(reply, "commandes.csv") == cause


@pytest.mark.parametrize(
    ("name", "cause"), [("introuvable.csv", "denied"), ("import/access denied.csv", "denied")]
)
def test_a_file_s_own_name_says_nothing(name: str, cause: str) -> None:
    assert cause_in(f"550 {name.rpartition('/')[2]}: Permission denied", name) == cause
