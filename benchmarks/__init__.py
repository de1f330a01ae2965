"""How fast Bareme is on a generated world, each figure beside the least that could be done: bare SQL, or an empty page."""
