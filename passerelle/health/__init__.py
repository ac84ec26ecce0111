"""How the whole chain goes: runs, files, orders, and what needs a person.

One examination for ``status``, the report and the alerts, so that they never disagree.
"""
