"""What an account of Windows uses without typing: its PATH, and links in its Start menu.

``entries`` adds and removes them, ``account`` is that account's part of Windows.
"""
