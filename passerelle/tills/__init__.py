"""The till server and the agent: HTTP, imported only where one of them is started."""
