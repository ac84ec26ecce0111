"""One stock that several shops share, by unique item number.

The pool has one level for each item. What the shops sell moves it, each line of each order once;
every shop is then written absolute levels. A shop's own level is read only to find what people
changed by hand there. docs/pool.md has the formula, and why two simpler ones are wrong.
"""
