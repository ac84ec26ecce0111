"""Passerelle keeps a web shop and a store's ERP in step through files."""

__version__ = "0.1.0"
