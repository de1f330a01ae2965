"""The hot path: pixel, click and beacon, answered in front of Django, each only after its hits are safe.

hotpath    the WSGI callable: what it cannot answer well goes on to Django
reading    what a request says: the hits in it, and the answer (also what Django's views and the tests use)
commits    group commit: requests that arrive together share one transaction
line_sql   a connection on which nothing waits longer than told
keeper     opens that connection again when it is lost, and brings in what waited on disk
spool      where hits wait while the database is away
lookups    what a click asks the database: once, then remembered
together   what the posts of a form share: the form, read once, and the commit
"""
