"""An order's whole life, told to a shop's staff: ``orders show``, and in part ``stock why``."""
