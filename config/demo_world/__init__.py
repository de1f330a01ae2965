"""The demo world: Cuvelog, a small French company that sells software to craft breweries, and six months of its marketing.

One module per noun, data first. `load.load()` makes it all, through the same doors real life comes through;
`visitors.play()` then behaves like its visitors, against the running server.
"""
