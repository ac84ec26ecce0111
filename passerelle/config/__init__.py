"""config.toml -> frozen settings; all faults at once, each with its key and line."""

import os

# Plugins of pydantic's change what a model takes. There are none of ours, and to look for others
# among all that is installed takes a tenth of the time in which `convert` starts.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
