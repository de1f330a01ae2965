"""How fast Bareme is on a generated world, each figure beside the bare SQL that does the least work for the same answer."""
