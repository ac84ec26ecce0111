"""*Pure*: what tills may ask for, how it merges, what a till shows meanwhile, and numbers.

One server sequences commands. A command is all or nothing, ``set`` conflicts only where another
till set that field after what its own till saw, ``add`` merges always, and money that was taken is
never refused into nothing. No clock decides anything.
"""
