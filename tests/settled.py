"""Imported last by the server that forks Rescind's processes: what is loaded by then is here to stay.

A garbage collection in each of its children would look through all of it, and copy every page it looks at.
"""

import gc

gc.freeze()
