"""Records and artifacts become tables and figures here. Nothing in this package imports torch.

``selection`` chooses records, ``replicates`` gathers the seeds of each cell, ``statistics``
estimates, ``tables`` and ``figures`` build documents and drawings, ``render`` writes a table in
four formats, ``report`` makes pages of everything. ``catalogue`` names what there is.
"""
