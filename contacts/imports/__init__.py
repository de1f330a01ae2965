"""CSV files of contacts, of any size: read, staged as rows, cleaned, and loaded set by set.

`jobs` is the way in: stage a file, look at it, start it, carry it on, cancel it.
"""
