"""What FTP servers say of a file they refuse: their code, 550, says neither "absent" nor "denied".

Words of ProFTPD, Pure-FTPd (also its French ones), IIS and FileZilla, and of the C library and
Windows, whose messages they pass on, in the languages of the shops that are served. vsftpd's say
nothing ("Failed to open file").
"""

from typing import Literal

from passerelle.base.regex import regex

Cause = Literal["absent", "denied", "busy", "full", "there", ""]

_ABSENT = regex(
    r"no such (?:file|director|folder|path|object)|not found|not exist|n't exist"
    r"|(?:cannot|can't|could not|couldn't) (?:find|locate)"
    r"|aucun fichier ou (?:dossier|r[eé]pertoire)|introuvable|n'existe pas"
    r"|ne (?:peut|parvient) pas (?:à )?trouver|impossible de trouver (?!la taille)"
    r"|nicht (?:finden|gefunden)|existiert nicht"
    r"|no existe|no se (?:puede encontrar|encuentra|ha encontrado)"
    r"|impossibile trovare|non trovat|non esiste"
    r"|niet (?:vinden|gevonden)|bestaat niet"
)
# Pure-FTPd says so (messages_en.h, messages_fr.h) where it may not even look.
_BLIND = regex(r"sorry, but that file doesn't exist|550 le fichier n'existe pas")
_DENIED = regex(
    r"denied|permission|privilege|forbidden|no(?:t enough)? (?:access|rights)"
    r"|not (?:allowed|permitted|authori)"
    r"|acc[eè]s refus|non (?:accord|autoris)|interdit|inaccessible|pas (?:les droits|autoris)"
    r"|verweigert|keine berechtigung|denegado|permiso|negato|permess|geweigerd"
)
_BUSY = regex(
    r"(?:used|in use) by another process|sharing violation|utilis[eé] par un autre processus"
    r"|von einem anderen prozess verwendet"
)
_THERE = regex(
    r"file exists|already exists?|existe d[eé]j[aà]|(?:existiert|ist) (?:bereits|schon)"
    r"|bereits vorhanden|ya existe|esiste gi[aà]|bestaat (?:al|reeds)"
    # A folder onto another, as the C library has it.
    r"|directory not empty|dossier non vide|r[eé]pertoire non vide|nicht leer"
)
_FULL = regex(
    r"no (?:more )?(?:disk )?space|(?:disk|volume|file ?system) (?:is )?full|(?<!/)quota"
    r"|(?:insufficient|not enough) (?:disk |storage |free )?(?:space|storage)"
    r"|exceeded (?:its |your )?(?:storage|disk|space)|storage (?:allocation|limit)"
    r"|disque plein|espace (?:disque |libre )?insuffisant|(?:plus|pas assez) d'espace"
    r"|kein(?:en)? (?:freier |freien )?speicherplatz|nicht (?:genug|genügend) speicher"
    r"|(?:disco|schijf) (?:lleno|pieno|vol)|(?:espacio|spazio) (?:en disco )?insufficiente?"
    r"|onvoldoende (?:schijf)?ruimte"
)
# Of the command SIZE rather than of the file: some will not count in ASCII mode, or not at all.
_NO_SIZE = regex(
    r"\bascii\b|\bbinary\b|\bsize\b.{0,30}(?:not |disabled|denied|forbidden|unavailable)"
)


def refuses_size(reply: str, path: str) -> bool:
    """Whether it is the command SIZE that was refused, and not the file."""
    return bool(_NO_SIZE.search(_words_of(reply, path)))


def cause_in(reply: str, path: str) -> Cause:
    """Why a file was refused, where the words say one thing; ``""`` where none or several.

    ``path`` may stand in the reply, and is no word of the server's.
    """
    words = _words_of(reply, path)
    if _FULL.search(words):
        return "full"
    if _BUSY.search(words):
        return "busy"
    if _THERE.search(words):
        return "there"
    absent, denied = _ABSENT.search(_BLIND.sub("", words)), _DENIED.search(words)
    if absent and not denied:
        return "absent"
    return "denied" if denied and not absent else ""


def _words_of(reply: str, path: str) -> str:
    words = reply.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    for name in (path.lower(), path.lower().rpartition("/")[2]):
        words = words.replace(name, "") if name else words
    return words
