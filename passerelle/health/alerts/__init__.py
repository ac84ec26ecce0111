"""Tells people when something needs them, each day that it lasts, and when it is over.

``tell_people`` comes after each run: it examines the chain, decides what is news (``decision``),
puts it into words and sends it (``sending``).
"""
