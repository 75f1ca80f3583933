"""The report: a folder of pages that open from a file, made of records and the arrays beside them.

``overview``, ``views``, ``methods``, ``drawings`` and ``runs`` say what the pages show; ``charts``
and ``pictures`` draw what stands on the page of a run, without matplotlib; ``site`` fills the
templates of ``benchmark/data/report``; ``folder`` puts the files where they belong, all or none.
"""
