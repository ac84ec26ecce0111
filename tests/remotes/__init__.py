"""The servers of others: what each kind does alike, what is odd, and who may enter."""
