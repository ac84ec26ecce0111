"""One story per run, ``run_NAME`` in the module NAME, and what people do by hand.

:data:`passerelle.model.runs.RUNS` lists the runs. A module is imported only when its run starts:
orders never pay for numpy.
"""
