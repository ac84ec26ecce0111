"""``passerelle console``: the page of how it goes, live, with buttons; on this machine alone."""
